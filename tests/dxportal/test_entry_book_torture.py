"""Workbooks as they really come back, and as somebody would make them on purpose.

Each cell is read right, or refused with its address and reason, in bounded time and memory.
"""

import datetime
import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from openpyxl.styles import Font

from accounts.models import User
from dxportal.rounds import entry_book_file
from dxportal.rounds.entry_book_cells import text_of
from dxportal.rounds.entry_book_file import BookRefused, opened
from kpi.models import Actual
from plans.models import ReportingCycle
from tests.cast import THIS_YEAR, Cast
from tests.dxportal.test_entry_book import Sheets, changes_on, cycle, faults_on, put_in, upload

SignIn = Callable[[User], Client]
__all__ = ["cycle"]  # the fixture

SECONDS, MEMORY = 20, 150_000_000
FIGURES = "xl/worksheets/sheet2.xml"


@pytest.fixture
def client(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.editor)


@pytest.fixture
def sheets(client: Client, cycle: ReportingCycle) -> Sheets:
    return Sheets(client, cycle)


def send(client: Client, cycle: ReportingCycle, content: bytes, name: str = "a.xlsx") -> Any:
    file = io.BytesIO(content)
    file.name = name
    return client.post(reverse("rounds:entry_book_upload", args=[cycle.pk]), {"file": file})


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The workbook with some of its parts replaced or added."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, data in parts.items():
            new.writestr(name, data)
    return made.getvalue()


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read(name)


# One cell


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("２１，０００", "21000"),
        (" 21,000人 ", "21000"),
        ("　21000　", "21000"),
        ("▲3", "-3"),
        (0, "0"),
        (1.1, "1.1"),
        (0.1 + 0.2, "0.3"),
        (21000.0, "21000"),
    ],
)
def test_figures_as_people_write_them_are_read_right(
    cast: Cast, cycle: ReportingCycle, client: Client, sheets: Sheets, value: Any, stored: str
) -> None:
    sheets.set("実績値", "来訪者数", "実績値", value)
    page = upload(client, cycle, sheets)
    assert page.status_code == 200, faults_on(page)
    assert changes_on(page)["来訪者数"].edit.typed.keys() == {"value"}
    put_in(client, cycle, page)
    found = Actual.objects.get(indicator=cast.indicators["来訪者"], fiscal_year=THIS_YEAR)
    assert format(found.value.normalize(), "f") == stored


REFUSED = [
    ("約120", "正確な値として読めません"),
    ("※", "正確な値として読めません"),
    ("－", "値の状態"),
    ("集計中", "未集計"),
    ("12%", "単位は「人」"),
    ("12千円", "金額ですが"),
    ("1,234円", "金額ですが"),
    ("一二三", "読めません"),
    ("=1+1", "数式"),
    ("=SUM(A1:A9)", "数式"),
    ("#N/A", "エラーの値"),
    (True, "TRUE"),
    (datetime.date(2026, 4, 1), "日付"),
    (datetime.datetime(2026, 4, 1, 12, 30), "日付"),
    (datetime.time(12, 30), "日付"),
    (1e300, "桁が多すぎ"),
    (1 / 3, ""),
]


def test_each_cell_that_cannot_be_read_is_refused_with_address_value_and_reason(
    cast: Cast, cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    for value, reason in REFUSED:
        sheets.cell("実績値", "来訪者数", "【入力】実績値").number_format = "General"
        address = sheets.set("実績値", "来訪者数", "実績値", value)
        page = upload(client, cycle, sheets)
        assert page.status_code == 422, value
        faults = faults_on(page)
        assert list(faults) == [f"実績値!{address}"], value
        assert reason in faults[f"実績値!{address}"], (value, faults)
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.125, "0.0%", "12.5%"),
        (0.07, "0%", "7%"),
        (1500, '#,##0"円"', "1500円"),
        (1500, '#,##0"千円"', "1500千円"),
        (1500, '"¥"#,##0', "1500円"),
        (1500, "[$¥-411]#,##0", "1500円"),
        (1500, '_ "¥"* #,##0_ ;_ "¥"* -#,##0_ ;_ "¥"* "-"_ ;_ @_ ', "1500円"),
        (12, '0"人"', "12人"),
        (1234.5, "#,##0.0", "1234.5"),
        (-3, '#,##0;"△"#,##0', "-3"),
        (1234, "[Red]#,##0", "1234"),
    ],
)
def test_a_number_is_what_its_format_shows(value: Any, number_format: str, text: str) -> None:
    cell = SimpleNamespace(value=value, data_type="n", number_format=number_format)
    assert text_of(cell) == text


@pytest.mark.parametrize("number_format", ["#,##0,", "0,,", '#,##0,"千円"', "#,##0.0,"])
def test_a_number_shown_in_thousands_is_refused(number_format: str) -> None:
    cell = SimpleNamespace(value=1_234_567, data_type="n", number_format=number_format)
    with pytest.raises(ValueError, match="表示形式"):
        text_of(cell)


def test_thousands_and_yen_may_be_mixed(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    sheets.set("決算", "ＳＮＳデータの分析", "決算の金額", "23億2,559万4千円")
    address = sheets.set("決算", "ＳＮＳデータの分析", "決算見込の金額", 5000)
    sheets.book["決算"][address].number_format = '#,##0"円"'
    page = upload(client, cycle, sheets)
    assert page.status_code == 200, faults_on(page)
    told = {cell.label: cell.understood for cell in changes_on(page)["ＳＮＳデータの分析"].cells}
    assert told["決算の金額"] == "23億2,559万4千円"
    assert told["決算見込の金額"] == "5千円"


# The sheet


def test_merged_cells_are_refused_one_by_one(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    first = sheets.cell("実績値", "来訪者数", "【入力】実績値")
    sheet = sheets.book["実績値"]
    above = sheet.cell(first.row - 1, first.column)
    above.value = 5
    sheet.merge_cells(f"{above.coordinate}:{first.coordinate}")
    faults = faults_on(upload(client, cycle, sheets))
    assert set(faults) == {f"実績値!{first.coordinate}", f"実績値!{above.coordinate}"}
    assert all("結合" in reason for reason in faults.values())


def test_hidden_rows_are_read_and_told(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    sheets.set("実績値", "来訪者数", "実績値", 20000)
    row = sheets.cell("実績値", "来訪者数", "名称").row
    sheets.book["実績値"].row_dimensions[row].hidden = True
    page: Any = upload(client, cycle, sheets)
    assert "来訪者数" in changes_on(page)
    assert any(f"（{row}行目）" in notice for notice in page.context["preview"].notices)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda cell: setattr(cell, "value", None), "行の鍵がありません"),
        (lambda cell: setattr(cell, "value", "x|1"), "行の鍵が壊れています"),
        (
            lambda cell: setattr(cell, "value", "999999" + cell.value[cell.value.index("|") :]),
            "照会にありません",
        ),
        (
            lambda cell: setattr(cell, "value", cell.offset(1 if cell.row == 5 else -1).value),
            "同じ項目の行が2つ",
        ),
    ],
)
def test_rows_without_their_own_key_are_refused(
    cycle: ReportingCycle, client: Client, sheets: Sheets, spoil: Any, reason: str
) -> None:
    spoil(sheets.cell("実績値", "来訪者数", "行の鍵（変更しない）"))
    page = upload(client, cycle, sheets)
    assert page.status_code == 422
    assert any(reason in told for told in faults_on(page).values()), faults_on(page)


def test_sorting_only_some_columns_is_found(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    one = sheets.cell("実績値", "来訪者数", "名称")
    two = sheets.cell("実績値", "満足度", "名称")
    one.value, two.value = two.value, one.value
    faults = faults_on(upload(client, cycle, sheets))
    assert set(faults) == {f"実績値!{one.coordinate}", f"実績値!{two.coordinate}"}
    assert all("並べ替え" in reason for reason in faults.values())


def test_whole_rows_and_columns_may_change_places(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    sheets.set("実績値", "来訪者数", "実績値", 20000)
    sheet = sheets.book["実績値"]
    sheet.move_range(f"A5:Z{sheet.max_row}", rows=1)
    sheet.insert_cols(2)
    page = upload(client, cycle, sheets)
    assert page.status_code == 200, faults_on(page)
    assert list(changes_on(page)) == ["来訪者数"]


def test_missing_columns_and_sheets_are_told(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    column = sheets.cell("実績値", "来訪者数", "【入力】コメント").column
    sheets.book["実績値"].delete_cols(column)
    faults = faults_on(upload(client, cycle, sheets))
    assert faults == {"実績値": "列「【入力】コメント」がありません。"}
    del sheets.book["実績値"]
    page: Any = upload(client, cycle, sheets)
    assert page.status_code == 200
    assert any("ブックにない項目" in notice for notice in page.context["preview"].notices)


def test_a_book_that_another_program_saved_again_is_unchanged(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    for sheet in sheets.book:
        for row in sheet.iter_rows():
            for cell in row:
                cell.font = Font(name="Meiryo")
    assert "変更はありません" in upload(client, cycle, sheets).content.decode()


# The file


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (OLE, "password.xlsx", "パスワード付き"),
        (OLE, "old.xls", ".xls"),
        ("指標名,実績値\r\n来訪者数,①２１\r\n".encode("cp932"), "a.csv", "Excelブック"),
        (b"PK\x03\x04broken", "broken.xlsx", "Excelブック"),
        (b"x", "a.xlsx", "Excelブック"),
    ],
)
def test_what_is_no_workbook_is_refused_with_what_to_do(
    cycle: ReportingCycle, client: Client, content: bytes, name: str, sentence: str
) -> None:
    page = send(client, cycle, content, name)
    assert page.status_code == 422
    assert sentence in page.context["error"]
    assert "xlsx" in page.context["error"]


def test_macros_a_password_in_the_zip_and_other_archives_are_refused(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    macros = repacked(sheets.content, **{"xl/vbaProject.bin": b"macro"})
    page = send(client, cycle, macros, "macro.xlsm")
    assert "マクロ" in page.context["error"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as book:
        book.writestr("a.csv", "1,2")
    assert "Excelブック" in send(client, cycle, archive.getvalue()).context["error"]
    # Bit 0 of a member's flags: encrypted.
    locked = sheets.content.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )
    assert locked != sheets.content
    assert "パスワード" in send(client, cycle, locked).context["error"]


def test_a_file_above_the_limit_is_refused_unread(
    cycle: ReportingCycle, client: Client, sheets: Sheets, settings: LazySettings
) -> None:
    settings.ENTRY_BOOK_MAX_MEGABYTES = 0
    assert "大きすぎます" in send(client, cycle, sheets.content).context["error"]


def measured(work: Callable[[], Any]) -> Any:
    """The answer, if it came within the bounds of (this process's own) time and memory."""
    tracemalloc.start()
    try:
        began = time.process_time()
        answer = work()
        took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert took < SECONDS
    assert peak < MEMORY
    return answer


def test_a_zip_bomb_is_refused_at_once(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    bomb = repacked(sheets.content, **{"xl/media/image1.png": bytes(300_000_000)})
    page = measured(lambda: send(client, cycle, bomb))
    assert "20MB" in page.context["error"]


def test_100_000_declared_rows_are_no_burden(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    sheets.set("実績値", "来訪者数", "実績値", 20000)
    content = sheets.saved().getvalue()
    xml = part(content, FIGURES)
    empty = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (n, n) for n in range(60, 100_060))
    xml = xml.replace(b"</sheetData>", empty + b"</sheetData>")
    begin = xml.index(b"<dimension")
    end = xml.index(b"/>", begin) + 2
    xml = xml[:begin] + b'<dimension ref="A1:XFD1048576"/>' + xml[end:]
    page = measured(lambda: send(client, cycle, repacked(content, **{FIGURES: xml})))
    assert page.status_code == 200, page.context.get("error") or faults_on(page)
    assert list(changes_on(page)) == ["来訪者数"]


def test_a_value_far_below_the_table_is_told(
    cycle: ReportingCycle, client: Client, sheets: Sheets
) -> None:
    sheets.book["実績値"]["C900000"] = "ここにも"
    page = measured(lambda: upload(client, cycle, sheets))
    assert "ずっと下" in faults_on(page)["実績値!A900000"]


@pytest.mark.parametrize(
    ("name", "head", "piece", "tail"),
    [
        ("xl/styles.xml", b"<styleSheet><cellXfs>", b"<xf/>", b"</cellXfs></styleSheet>"),
        ("xl/sharedStrings.xml", b"<sst>", b"<si><t/></si>", b"</sst>"),
        (FIGURES, b"<worksheet><sheetData>", b"<row/>", b"</sheetData></worksheet>"),
        (FIGURES, b"<worksheet><sheetData><row>", b"<c/>", b"</row></sheetData></worksheet>"),
        ("xl/media/x.bin", b"<a>", b"<b/>", b"</a>"),
    ],
)
def test_millions_of_small_things_are_refused(
    cycle: ReportingCycle,
    client: Client,
    sheets: Sheets,
    name: str,
    head: bytes,
    piece: bytes,
    tail: bytes,
) -> None:
    xml = head + piece * (12_000_000 // len(piece)) + tail
    page = measured(lambda: send(client, cycle, repacked(sheets.content, **{name: xml})))
    assert page.status_code == 422
    assert page.context["error"]


def test_entities_are_refused(cycle: ReportingCycle, client: Client, sheets: Sheets) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
    page = measured(lambda: send(client, cycle, repacked(sheets.content, **{FIGURES: bomb})))
    assert "DOCTYPE" in page.context["error"]


def test_many_merges_and_broken_xml_are_refused(
    cycle: ReportingCycle, client: Client, sheets: Sheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = repacked(sheets.content, **{FIGURES: part(sheets.content, FIGURES)[:-40]})
    assert "壊れて" in send(client, cycle, broken).context["error"]
    spoilt = part(sheets.content, FIGURES).replace(b"<v>1</v>", b"<v>one</v>", 1)
    assert spoilt != part(sheets.content, FIGURES)
    assert (
        "壊れて"
        in send(client, cycle, repacked(sheets.content, **{FIGURES: spoilt})).context["error"]
    )
    monkeypatch.setattr(entry_book_file, "MAX_MERGES", 1)
    sheets.book["実績値"].merge_cells("A1:B1")
    sheets.book["実績値"].merge_cells("A2:B2")
    with pytest.raises(BookRefused, match="結合が多すぎ"), opened(sheets.saved()):
        pass
