"""0, an empty value, 該当なし and 未集計 stay four things on their whole way through the portal."""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from docx import Document

from accounts.audit import Actor
from accounts.models import User
from dxportal.planbook.loader import load_plan
from dxportal.planbook.writer import write_plan
from dxportal.reports import pdf
from dxportal.reports.compose import report_of
from dxportal.reports.docx import write_docx
from dxportal.reports.xlsx import write_xlsx
from dxportal.rounds.asking import ask
from dxportal.rounds.entry_book import write_entry_book
from dxportal.rounds.grid import rows_of_round
from kpi.models import Actual
from plans import fiscal_years
from plans.models import RoundItem
from tests.api import Caller
from tests.cast import THIS_YEAR, Cast

TYPED: dict[str, dict[str, str]] = {
    "零の指標": {"value": "0"},
    "空欄の指標": {"value": ""},
    "非該当の指標": {"status": "not_applicable"},
    "未集計の指標": {"status": "not_yet"},
}
# What is left empty is no row anywhere.
STORED = {
    "零の指標": ("0", "reported"),
    "非該当の指標": (None, "not_applicable"),
    "未集計の指標": (None, "not_yet"),
}
SHOWN = {
    "零の指標": "0.0",
    "空欄の指標": None,
    "非該当の指標": "該当なし",
    "未集計の指標": "未集計",
}


def silent(*_: Any) -> None:
    """Nobody watches the progress."""


def stored() -> dict[str, tuple[str | None, str]]:
    rows = Actual.objects.filter(fiscal_year=THIS_YEAR, indicator__name__in=TYPED)
    return {
        row.indicator.name: (
            None if row.value is None else format(row.value.normalize(), "f"),
            row.status,
        )
        for row in rows.select_related("indicator")
    }


def is_of(name: str, cell: Any) -> bool:
    """Whether a cell names this indicator, with its unit or without."""
    return isinstance(cell, str) and cell.startswith(name)


def actuals_by_name(lines: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """The actuals of the year in tables of KPIs, where a line of 実績 stands below one of 予定."""
    column, name, found = 0, "", {}
    for line in lines:
        if (fiscal_years.short_form(THIS_YEAR) in line and "区分" in line) or "予定・実績" in line:
            column = line.index(fiscal_years.short_form(THIS_YEAR))
        name = next((known for known in TYPED if any(is_of(known, cell) for cell in line)), name)
        if name and "実績" in line:
            found[name], name = line[column], ""
    return found


def test_the_four_go_through_page_database_api_files_paper_and_import(
    cast: Cast, sign_in: Callable[[User], Client], tmp_path: Path
) -> None:
    for name in TYPED:
        made = cast.indicator(name, department=cast.departments["観光課"], decimals=1)
        cast.use(made, cast.measures["観光2"])
    assert cast.open_cycle is not None
    ask(cast.open_cycle)

    # The page
    client = sign_in(cast.editor)
    for name, cells in TYPED.items():
        item = RoundItem.objects.get(kind="actual", object_id=cast.indicators[name].pk)
        body = json.dumps({"version": "0", "values": cells})
        address = reverse("rounds:entry_item", args=[item.pk])
        told = client.post(address, body, "application/json").json()
        assert (told["filled"], told["errors"]) == (name in STORED, {}), name
        unit = "件" if name == "零の指標" else ""
        assert told["understood"] == (SHOWN[name] or "") + unit
    assert stored() == STORED

    # The API
    rows = Caller(cast.viewer).rows(f"actuals/?fiscal_year={THIS_YEAR}")
    by_pk = {cast.indicators[name].pk: name for name in TYPED}
    read = {by_pk[r["indicator"]]: r for r in rows if r["indicator"] in by_pk}
    assert {name: (row["value"], row["status"]) for name, row in read.items()} == STORED

    # The plan book, out and in again
    write_plan(cast.plan, tmp_path / "book")
    Actual.objects.filter(fiscal_year=THIS_YEAR).delete()
    load_plan(Actor.system(), tmp_path / "book")
    assert stored() == STORED

    # The workbook that a person takes home
    file = io.BytesIO()
    rows_now = rows_of_round(cast.editor, cast.open_cycle)
    write_entry_book(cast.open_cycle, rows_now, cast.editor, timezone.now(), file)
    lines = list(openpyxl.load_workbook(file)["実績値"].iter_rows(min_row=4, values_only=True))
    at = [lines[0].index(label) for label in ("名称", "【入力】実績値", "【入力】値の状態")]
    in_book = {line[at[0]]: (line[at[1]], line[at[2]]) for line in lines[1:]}
    assert in_book["零の指標"][0] == 0
    assert in_book["空欄の指標"] == (None, None)
    assert in_book["非該当の指標"] == (None, "該当なし")
    assert in_book["未集計の指標"] == (None, "未集計")

    # Paper
    content = report_of(cast.plan, THIS_YEAR)
    pdf.write_pdf(content, tmp_path / "report.pdf", silent)
    pages = pypdf.PdfReader(tmp_path / "report.pdf").pages
    paper = "".join("".join(page.extract_text().split()) for page in pages)
    for name, shown in SHOWN.items():
        assert name in paper
        assert shown is None or shown in paper

    # The report's workbook: the printed form, and the table for machines
    write_xlsx(content, tmp_path / "report.xlsx", silent)
    workbook = openpyxl.load_workbook(tmp_path / "report.xlsx")
    in_form = actuals_by_name(workbook["KPI"].iter_rows(values_only=True))
    assert in_form == {**SHOWN, "零の指標": 0}
    head, *facts = workbook["データ_値一覧"].iter_rows(values_only=True)
    table = [dict(zip(head, line, strict=True)) for line in facts]
    assert {
        row["指標名"]: (None if row["値"] is None else str(row["値"]), row["状態"])
        for row in table
        if row["指標名"] in TYPED and row["種類"] == "actual" and row["年度"] == THIS_YEAR
    } == STORED

    # The Word file
    write_docx(content, tmp_path / "report.docx", silent)
    lines = (
        [cell.text or None for cell in row.cells]
        for grid in Document(str(tmp_path / "report.docx")).tables
        for row in grid.rows
    )
    assert actuals_by_name(lines) == SHOWN
