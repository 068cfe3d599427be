"""A plan taken out and put back is the same plan, as CSV and as a workbook."""

from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from accounts.audit import Actor
from dxportal.planbook.loader import load_plan
from dxportal.planbook.sheets import SHEET_NAMES
from dxportal.planbook.writer import write_plan
from plans.models import Plan
from tests.cast import Cast

BOOK = Path(settings.BASE_DIR) / "fixtures" / "sasebo-dx-r6"


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.django_db
def test_export_empty_database_import_export_gives_the_same_bytes(tmp_path: Path) -> None:
    for source, target in ((BOOK, tmp_path / "first"), (tmp_path / "first", tmp_path / "second")):
        with transaction.atomic():
            assert not Plan.objects.exists()
            write_plan(load_plan(Actor.system(), source).plan, target)
            transaction.set_rollback(True)
    first, second = content(tmp_path / "first"), content(tmp_path / "second")
    assert set(first) == {f"{name}.csv" for name in SHEET_NAMES}
    assert first == second


@pytest.mark.django_db
def test_a_workbook_reads_back_without_a_change_and_holds_numbers(tmp_path: Path) -> None:
    plan = load_plan(Actor.system(), BOOK).plan
    file = tmp_path / "book.xlsx"
    call_command("export_plan", "--plan", plan.key, "--output", str(file))
    assert load_plan(Actor.system(), file).changed == 0
    values = openpyxl.load_workbook(file)["values"]
    head = [cell.value for cell in values[1]]
    years = [row[head.index("fiscal_year")].value for row in values.iter_rows(min_row=2)]
    assert set(years) == set(range(2021, 2028))


def test_a_book_holds_its_own_plan_and_nothing_of_another(cast: Cast, tmp_path: Path) -> None:
    write_plan(cast.plan, tmp_path / "book")
    text = "".join(data.decode("utf-8-sig") for data in content(tmp_path / "book").values())
    assert "マーケティングレポート" in text
    assert "フロントヤード改革" in text
    assert "他市" not in text
    assert load_plan(Actor.system(), tmp_path / "book").changed == 0
