"""What the exporter base makes of any value."""

import csv
import datetime
import io
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from accounts.csv_cells import csv_text
from plans.exports import CannotEncode, Column, ExportedFile, Exporter


class Names(Exporter):
    identifier = "names"
    title = "名前"
    columns = (
        Column("名前", lambda row: row[0]),
        Column("値", lambda row: row[1]),
    )


def table(content: bytes, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(encoding))))


def test_csv_is_utf8_with_a_bom_and_one_record_a_line() -> None:
    file = Names([("改行\nあり", 1)]).file("csv")
    assert file.content.startswith(b"\xef\xbb\xbf")
    assert table(file.content) == [["名前", "値"], ["改行 あり", "1"]]
    assert file.name.endswith(".csv")
    assert file.content.count(b"\r\n") == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0, "0"),
        (Decimal("1850.50"), "1850.50"),
        (Decimal("-3"), "-3"),
        (Decimal("1E+3"), "1000"),
        (True, "1"),
        (False, "0"),
        ("007", "007"),
        ("=1+1", "'=1+1"),
        ("+81", "'+81"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-", "-"),
        ("2024-04-01", "2024-04-01"),
    ],
)
def test_csv_cells(value: Any, text: str) -> None:
    assert csv_text(value) == text


def test_moments_are_in_japan_time() -> None:
    noon = datetime.datetime(2025, 4, 1, 3, 0, tzinfo=datetime.UTC)
    assert csv_text(noon) == "2025-04-01T12:00:00+09:00"
    assert timezone.get_default_timezone_name() == "Asia/Tokyo"


def test_cp932_carries_what_it_can() -> None:
    file = Names([("髙橋①", Decimal("1.5"))]).file("csv", "cp932")
    assert "Shift_JIS" in file.content_type
    assert table(file.content, "cp932")[1] == ["髙橋①", "1.5"]


def test_cp932_lists_what_it_cannot_carry_and_writes_nothing() -> None:
    with pytest.raises(CannotEncode) as error:
        Names([("𠮷野", 1), ("𠮷田—", "あ")]).file("csv", "cp932")
    uncarried = error.value.uncarried
    assert [(item.character, item.row, item.column, item.count) for item in uncarried] == [
        ("𠮷", 2, "名前", 2),
        ("—", 3, "名前", 1),
    ]
    assert uncarried[0].code_point == "U+20BB7"


def test_xlsx_keeps_text_text_and_numbers_numbers() -> None:
    file = Names([("=1+1", Decimal("12.5")), ("007", None), ("-", 0)]).file("xlsx")
    sheet = load_workbook(io.BytesIO(file.content)).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["名前", "値"],
        ["=1+1", 12.5],
        ["007", None],
        ["-", 0],
    ]
    assert sheet["A2"].data_type == "s"
    assert sheet["B2"].data_type == "n"


def test_a_name_breaks_no_header() -> None:
    """Titles carry names that people wrote: no quote, line or parameter of its own gets out."""
    file = ExportedFile('計画";x=\r\nX-Evil: 1.csv', "text/csv", b"")
    assert file.response()["Content-Disposition"] == (
        "attachment; filename*=UTF-8''%E8%A8%88%E7%94%BB%22%3Bx%3D%0D%0AX-Evil%3A%201.csv"
    )
