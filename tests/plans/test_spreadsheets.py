"""Cells: text stays text, numbers stay numbers, empty is not zero."""

import datetime
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.utils import timezone
from openpyxl.cell import Cell

from plans.models import Plan
from plans.spreadsheets import MAX_TEXT, number_format, safe_cell, save, sheet_title, write_table
from plans.streamed_workbook import StreamedWorkbook

STREAMED = pytest.mark.parametrize("streamed", [False, True])
AS_OF = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def stored(value: Any, streamed: bool = False, **options: Any) -> Cell:
    """The cell as a spreadsheet program finds it in the file."""
    workbook = StreamedWorkbook() if streamed else openpyxl.Workbook()
    sheet = workbook.create_sheet("表")
    sheet.append([safe_cell(sheet, value, **options)])
    file = io.BytesIO()
    save(workbook, file, AS_OF)
    return openpyxl.load_workbook(file)["表"]["A1"]


@STREAMED
@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+81-956-24-1111",
        "-",
        "@SUM(A1)",
        "=",
        "\t=1",
        "#N/A",
        "007",
        "1,234",
        "０",
        "<甲&乙>",
        " 前後 ",
        "一\r\n二",
    ],
)
def test_text_stays_text(text: str, streamed: bool) -> None:
    cell = stored(text, streamed)
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix is text.startswith(("=", "+", "-", "@", "\t"))


@STREAMED
@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (Decimal("1234.50"), 1, "#,##0.0"),
        (Decimal("-0.055"), 3, "#,##0.000"),
        (Decimal("1E+3"), 0, "#,##0"),
        (0, 0, "#,##0"),
        (2024, None, "General"),
    ],
)
def test_numbers_stay_numbers(value: Any, decimals: int | None, shown: str, streamed: bool) -> None:
    cell = stored(value, streamed, decimals=decimals)
    assert cell.data_type == "n" and Decimal(str(cell.value)) == Decimal(value)
    assert cell.number_format == shown


@STREAMED
def test_a_number_that_excel_would_round_is_kept_as_text(streamed: bool) -> None:
    assert stored(Decimal("12345678901234.567"), streamed).value == "12345678901234.567"
    assert stored(Decimal("123456789012345"), streamed).data_type == "n"


@STREAMED
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_an_empty_cell(nothing: Any, streamed: bool) -> None:
    assert stored(nothing, streamed).value is None


@STREAMED
def test_moments_are_written_in_the_office_s_time(streamed: bool) -> None:
    assert stored(AS_OF, streamed).value == timezone.localtime(AS_OF).replace(tzinfo=None)
    assert stored(datetime.date(2024, 4, 1), streamed).value.date() == datetime.date(2024, 4, 1)


@STREAMED
def test_choices_and_rows_are_written_as_their_text(streamed: bool) -> None:
    assert stored(Plan.Status.DRAFT, streamed).value == "draft"
    assert stored(Plan(name="計画", edition="第2版"), streamed).value == "計画（第2版）"


@STREAMED
def test_what_a_cell_cannot_hold_is_seen_and_does_not_stop_the_file(streamed: bool) -> None:
    assert stored("一\x0b二", streamed).value == "一\N{REPLACEMENT CHARACTER}二"
    assert stored("一\uffff二", streamed).value == "一\N{REPLACEMENT CHARACTER}二"
    cut = stored("字" * (MAX_TEXT + 10), streamed).value
    assert len(cut) <= MAX_TEXT and cut.endswith("以下省略）")


def test_paper_has_a_triangle_for_minus() -> None:
    assert number_format(1, on_paper=True) == '#,##0.0;"△"#,##0.0'


def test_titles_are_what_excel_takes() -> None:
    assert sheet_title("進捗[R6]/評価:一?") == "進捗・R6・・評価・一・"
    assert len(sheet_title("長" * 40)) == 31
    assert sheet_title("KPI", ["kpi"]) == "KPI（2）"
    assert sheet_title("長" * 40, ["長" * 31]) == "長" * 28 + "（2）"


def test_a_table_has_its_head_in_row_1_and_the_same_bytes_each_time() -> None:
    files = []
    for _ in range(2):
        workbook = StreamedWorkbook()
        write_table(workbook, "一覧", ["名称", "値"], [["甲", Decimal("1.5")], ["乙", None]])
        file = io.BytesIO()
        save(workbook, file, AS_OF)
        files.append(file.getvalue())
    assert files[0] == files[1]
    sheet = openpyxl.load_workbook(io.BytesIO(files[0]))["一覧"]
    assert list(sheet.values) == [("名称", "値"), ("甲", 1.5), ("乙", None)]
    assert sheet.freeze_panes == "A2"
