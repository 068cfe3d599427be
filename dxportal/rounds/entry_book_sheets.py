"""What stands where in an entry workbook: its sheets, the words of its cells, the key of a row.

The writer (`entry_book`) and the reader (`entry_book_reading`) both go by this. A cell is always a
text here, as a person would read it in the sheet.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from dxportal.rounds.cells import FIELDS, FLAG_ON, Field
from dxportal.rounds.rows import Row
from kpi.models import ValueStatus
from plans.models import RoundItem

Kind = RoundItem.Kind
# The sheet of each kind, by its name.
SHEETS: dict[str, str] = {kind.label: kind.value for kind in Kind}
GUIDE_SHEET, CODES_SHEET, ISSUE_SHEET = "記入のしかた", "コード表", "_発行"
ENTRY_MARK = "【入力】"
KEY_LABEL, NAME_LABEL = "行の鍵（変更しない）", "名称"
FLAG_LABEL = "速報・確定"
PRELIMINARY, SETTLED = "速報", "確定"
# The layout of the hidden sheet and of the keys; another one is refused.
FORMAT = "2"

_NOT_ISSUED = "-"
_DIGITS_OF_DIGEST = 10


def entry_label(field: Field) -> str:
    """The head of an entry column."""
    return f"{ENTRY_MARK}{FLAG_LABEL if field.kind == 'flag' else field.label}"


def plain(text: str) -> str:
    """A label or a word of a list, as it is compared: without spaces, in half width."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def tidy(text: str) -> str:
    """A cell's text without what programs add or drop when they save it again."""
    return text.replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def words_of(row: Row, field: Field) -> str:
    """What stands in the cell of a field, for what is stored."""
    text = row.values[field.name]
    if field.kind == "flag":
        return (PRELIMINARY if text else SETTLED) if row.is_filled else ""
    if field.kind == "choice":
        is_untold = not text or (not row.is_filled and text == ValueStatus.REPORTED)
        return "" if is_untold else dict(row.choices[field.name]).get(text, text)
    if field.kind == "figure" and re.fullmatch(r"-?[\d,]+(\.\d+)?", text):
        return text.replace(",", "")
    return tidy(text)


def typed_of(row: Row, field: Field, words: str) -> str:
    """What was meant by the words of a cell, as the verbs take it; ValueError if nothing known."""
    if field.kind == "flag":
        return _flag(words)
    return _choice(row, field, words) if field.kind == "choice" else words


def _flag(words: str) -> str:
    said = plain(words).removesuffix("値")
    if said not in ("", PRELIMINARY, SETTLED):
        raise ValueError(f"「{PRELIMINARY}」か「{SETTLED}」を入れてください。")
    return FLAG_ON if said == PRELIMINARY else ""


def _choice(row: Row, field: Field, words: str) -> str:
    said = plain(words)
    if not said:
        return ValueStatus.REPORTED if field.name == "status" else ""
    choices = row.choices[field.name]
    for key, label in choices:
        if plain(label) == said:
            return key
    # A mark may be named by its symbol or by its meaning alone, where only one has it.
    parts = [key for key, label in choices if said in [plain(part) for part in label.split()]]
    if len(parts) == 1:
        return parts[0]
    known = "、".join(f"「{label}」" for key, label in choices if key)
    raise ValueError(f"一覧にない語です。使える語：{known}")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS_OF_DIGEST]


@dataclass(frozen=True)
class RowKey:
    """The hidden key of a row: the item, the versions of its stored rows, and what was issued.

    Digests of the issued words tell what a person has changed, even where somebody else has
    changed the stored row since: an untouched cell is no conflict.
    """

    item_pk: int
    version: str
    name: str
    fields: Sequence[str]

    @classmethod
    def of(cls, row: Row) -> "RowKey":
        issued = {field.name for field in row.fields}
        fields = [
            digest(words_of(row, field)) if field.name in issued else _NOT_ISSUED
            for field in FIELDS[row.item.kind]
        ]
        return cls(row.item.pk, row.version, digest(tidy(row.title)), fields)

    @classmethod
    def read(cls, text: str, kind: str) -> "RowKey | None":
        """None for what is no key of this kind of row."""
        parts = text.strip().split("|")
        if len(parts) != 4 or not (parts[0].isascii() and parts[0].isdecimal()):
            return None
        fields = parts[3].split(",")
        if len(fields) != len(FIELDS[kind]) or not re.fullmatch(r"\d+(\.\d+)*", parts[1]):
            return None
        return cls(int(parts[0][:18]), parts[1], parts[2], fields)

    def __str__(self) -> str:
        return f"{self.item_pk}|{self.version}|{self.name}|{','.join(self.fields)}"

    def was_issued(self, kind: str, field: Field) -> bool:
        return self._issued(kind, field) != _NOT_ISSUED

    def is_untouched(self, kind: str, field: Field, words: str) -> bool:
        return self._issued(kind, field) == digest(words)

    def _issued(self, kind: str, field: Field) -> str:
        names = [known.name for known in FIELDS[kind]]
        return self.fields[names.index(field.name)]
