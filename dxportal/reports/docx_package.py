"""The package of a Word file: everything beside its text, and saving it with fixed dates."""

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path

from django.utils import timezone
from docx import Document
from docx.document import Document as WordDocument
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from dxportal.reports.content import ReportContent
from dxportal.reports.docx_markup import ILLEGAL
from plans.spreadsheets import REPLACEMENT

STYLES = Path(__file__).with_name("docx_styles.xml")
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# What python-docx's own template brings along and a report does not need or has of its own.
_OF_PACKAGE = (RELATIONSHIP_TYPE.THUMBNAIL, RELATIONSHIP_TYPE.EXTENDED_PROPERTIES)
_OF_DOCUMENT = (
    RELATIONSHIP_TYPE.CUSTOM_XML,
    RELATIONSHIP_TYPE.NUMBERING,
    RELATIONSHIP_TYPE.WEB_SETTINGS,
    RELATIONSHIP_TYPE.STYLES,
    RELATIONSHIP_TYPE.SETTINGS,
    RELATIONSHIP_TYPE.FONT_TABLE,
    "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects",
)
# Which font stands in on a machine that lacks the first: those of Windows, of macOS and of Linux.
_FALLBACKS = {
    "BIZ UDPゴシック": "BIZ UDPGothic,游ゴシック,Yu Gothic,ヒラギノ角ゴシック,Noto Sans CJK JP",
    "BIZ UDPGothic": "BIZ UDPゴシック,Yu Gothic,Hiragino Sans,Noto Sans CJK JP",
    "BIZ UDゴシック": "BIZ UDGothic,ＭＳ ゴシック,MS Gothic,Osaka,Noto Sans Mono CJK JP",
    "BIZ UDGothic": "BIZ UDゴシック,MS Gothic,Osaka,Noto Sans Mono CJK JP",
}
# The fields are brought up to date when Word opens the file: that fills in the pages' numbers.
_SETTINGS = (
    f"<w:settings {_W}>"
    '<w:zoom w:percent="100"/><w:updateFields w:val="true"/><w:defaultTabStop w:val="720"/>'
    '<w:characterSpacingControl w:val="compressPunctuation"/>'
    "<w:compat><w:useFELayout/>"
    '<w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
    '<w:themeFontLang w:val="ja-JP" w:eastAsia="ja-JP"/>'
    '<w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>'
)


def empty_document(content: ReportContent) -> WordDocument:
    """A document with the report's properties, styles, fonts and settings, and without text."""
    document = Document()
    package, part = document.part.package, document.part
    for relations, unwanted in ((package.rels, _OF_PACKAGE), (part.rels, _OF_DOCUMENT)):
        for key in [key for key, one in relations.items() if one.reltype in unwanted]:
            del relations[key]
    for name, blob in (
        ("styles", STYLES.read_text()),
        ("settings", _DECLARATION + _SETTINGS),
        ("fontTable", _DECLARATION + _font_table()),
    ):
        kind = {"styles": "STYLES", "settings": "SETTINGS", "fontTable": "FONT_TABLE"}[name]
        add_part(
            document,
            f"{name}.xml",
            getattr(CONTENT_TYPE, f"WML_{kind}"),
            getattr(RELATIONSHIP_TYPE, kind),
            blob.encode(),
        )
    _set_properties(document, content)
    return document


def add_part(
    document: WordDocument, name: str, content_type: str, relation_type: str, blob: bytes
) -> str:
    """Put a file into the folder word/ of the package; gives the relation that refers to it."""
    package = document.part.package
    made = Part(PackURI(f"/word/{name}"), content_type, blob, package)
    return document.part.relate_to(made, relation_type)


def save_document(
    document: WordDocument, text: Iterable[bytes], target: Path, content: ReportContent
) -> None:
    """Write the package with `text` as its document.xml, every part dated as the data is."""
    frame = io.BytesIO()
    document.save(frame)
    moment = timezone.localtime(content.data_as_of).timetuple()[:6]
    with zipfile.ZipFile(frame) as parts, zipfile.ZipFile(target, "w") as archive:
        for name in parts.namelist():
            info = zipfile.ZipInfo(name, moment)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            if name != "word/document.xml":
                archive.writestr(info, parts.read(name))
                continue
            with archive.open(info, "w", force_zip64=True) as file:
                for chunk in text:
                    file.write(chunk)


def _font_table() -> str:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="80"/>'
        f'<w:family w:val="swiss"/><w:pitch w:val="{"variable" if "P" in name else "fixed"}"/>'
        "</w:font>"
        for name, others in _FALLBACKS.items()
    )
    return f"<w:fonts {_W}>{fonts}</w:fonts>"


def _set_properties(document: WordDocument, content: ReportContent) -> None:
    said = document.core_properties
    said.title = _fitting(content.title)
    said.subject = _fitting(
        f"{content.plan_name}の{content.year_name}の進捗、指標の実績、事業の一覧"
    )
    said.author = said.last_modified_by = _fitting(content.organization)
    said.keywords = _fitting(f"{content.plan_name}, {content.year_name}, 年次報告書, 進捗, KPI")
    said.comments, said.language, said.revision = "", "ja-JP", 1
    moment = content.data_as_of.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    said.created = said.modified = moment


def _fitting(text: str) -> str:
    """python-docx takes 255 signs for a property, and none that XML cannot carry."""
    return ILLEGAL.sub(REPLACEMENT, text)[:255]
