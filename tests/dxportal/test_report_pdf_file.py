"""A PDF that is written object by object is read back as what it was."""

import io

import pikepdf
import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from dxportal.reports.pdf import RESOURCES
from dxportal.reports.pdf_file import PACKED, Copier, PdfFile, renumbered
from dxportal.reports.pdf_fonts import SharedFonts


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<< /P 12 0 R /K [3 0 R 4 0 R] >>", b"<< /P 112 0 R /K [103 0 R 104 0 R] >>"),
        (b"<< /Title (see 12 0 R) /P 1 0 R >>", b"<< /Title (see 12 0 R) /P 101 0 R >>"),
        (rb"[(a \) 2 0 R \( b) 2 0 R]", rb"[(a \) 2 0 R \( b) 102 0 R]"),
        (b"<< /D <feff0031> /MediaBox [ 0 0 841.889764 595 ] >>", None),
        (b"[ 7 0 0 R ]", b"[ 7 100 0 R ]"),
    ],
)
def test_references_are_renumbered_and_strings_are_not(body: bytes, expected: bytes | None) -> None:
    assert renumbered(body, lambda number: number + 100) == (expected or body)


def copied(source: pikepdf.Pdf) -> bytes:
    """The source's own tree, under new numbers."""
    file = io.BytesIO()
    target = PdfFile(file)
    copier = Copier(source, target)
    root, info = (copier.number_of(found.objgen[0]) for found in (source.Root, source.docinfo))
    copier.copy_waiting()
    target.finish(root, info)
    return file.getvalue()


def test_what_is_copied_reads_as_the_source_and_gives_the_same_bytes() -> None:
    source = pikepdf.new()
    source.docinfo["/Title"] = "題名（12 0 R）"
    source.add_blank_page(page_size=(200, 300))
    source.pages[0].Contents = source.make_stream(b"q 1 0 0 RG Q")
    rows = [
        source.make_indirect(pikepdf.Dictionary(N=number, S=pikepdf.String(f"({number} 0 R")))
        for number in range(2 * PACKED + 7)
    ]
    source.Root.Rows = pikepdf.Array(rows)
    rows[0].Ring = rows[-1]
    rows[-1].Ring = rows[0]
    found = copied(source)
    assert copied(source) == found
    with pikepdf.open(io.BytesIO(found)) as read:
        assert read.check_pdf_syntax() == []
        assert str(read.docinfo["/Title"]) == "題名（12 0 R）"
        assert read.pages[0].Contents.read_bytes() == b"q 1 0 0 RG Q"
        assert [(int(row.N), str(row.S)) for row in read.Root.Rows] == [
            (number, f"({number} 0 R") for number in range(2 * PACKED + 7)
        ]
        assert read.Root.Rows[0].Ring.objgen == read.Root.Rows[-1].objgen


def test_subsets_of_a_font_become_one_with_the_same_outlines_and_widths() -> None:
    whole = TTFont(RESOURCES["report:regular"], lazy=True)
    glyph_of = whole.getBestCmap()
    shared = SharedFonts()
    for text in ("佐世保市DX", "長崎市 2024", "々〆、。", "佐世保市DX"):
        shared.add(document_with(subset_of(text)))
    (program,) = shared.programs().values()
    union = TTFont(io.BytesIO(program))
    for sign in "佐世保市DX長崎 2024々〆、。":
        glyph = whole.getGlyphID(glyph_of[ord(sign)])
        name, known = union.getGlyphName(glyph), whole.getGlyphName(glyph)
        assert union["hmtx"][name] == whole["hmtx"][known], sign
        drawn = [one["glyf"][at].getCoordinates(one["glyf"])[0]
                 for one, at in ((union, name), (whole, known))]  # fmt: skip
        assert drawn[0] == drawn[1], sign
    drawn = sum(union["glyf"][name].numberOfContours != 0 for name in union.getGlyphOrder())
    assert drawn < 20 and len(program) < 300_000
    again = SharedFonts()
    for text in ("佐世保市DX", "長崎市 2024", "々〆、。"):
        again.add(document_with(subset_of(text)))
    assert [*again.programs().values()] == [program]


def subset_of(text: str) -> bytes:
    """As WeasyPrint makes it: the glyphs keep their numbers."""
    font = TTFont(RESOURCES["report:regular"], recalcTimestamp=False)
    options = Options(retain_gids=True, layout_features=[], notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def document_with(program: bytes) -> pikepdf.Pdf:
    document = pikepdf.new()
    descriptor = {"/Type": pikepdf.Name.FontDescriptor, "/FontName": pikepdf.Name("/ABCDEF+Report")}
    font = pikepdf.Dictionary(descriptor | {"/FontFile2": document.make_stream(program)})
    document.Root.Font = document.make_indirect(font)
    return document
