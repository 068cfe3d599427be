"""The example scripts of docs/examples, run as those would run them for whom they are."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from budgets.models import BudgetEntry
from kpi.models import Actual
from tests.api import service
from tests.cast import THIS_YEAR, Cast, make_cast

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


def run(live_server: Any, secret: str, plan: int, file: Path, *more: str) -> tuple[int, str]:
    asked = ("--plan", str(plan), "--fiscal-year", str(THIS_YEAR), str(file), *more)
    return run_example("send_settlements.py", live_server, secret, *asked)


def run_example(script: str, live_server: Any, secret: str, *asked: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *asked],
        env={**os.environ, "PORTAL": live_server.url, "TOKEN": secret},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def a_hundred_projects(cast: Cast, file: Path) -> None:
    for number in range(100):
        cast.project(f"F{number:03}", cast.measures["観光1-1"], "観光課")
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["事業", "決算額", "国庫"])
        for number in range(100):
            key = f"F{number:03}" if number != 7 else "F007番"
            amount = "1,000千円" if number == 8 else f"{number * 1000:,}"
            writer.writerow([key, amount, ""])


@pytest.mark.django_db(transaction=True)
def test_a_finance_system_sends_mends_and_sends_again(live_server: Any, tmp_path: Path) -> None:
    cast = make_cast()
    file = tmp_path / "settled.csv"
    a_hundred_projects(cast, file)
    secret, plan = service(cast, "write")[1], cast.plan.pk
    told = "created=98 updated=0 unchanged=0 refused=2"
    assert run(live_server, secret, plan, file, "--try") == (1, told)
    assert not BudgetEntry.objects.exists()
    assert run(live_server, secret, plan, file) == (1, told)
    refused = tmp_path / "settled.refused.csv"
    text = refused.read_text("utf-8-sig")
    assert "F007番" in text and "この事業はありません" in text and "円の整数" in text
    refused.write_text(
        text.replace("F007番", "F007").replace('"1,000千円"', "1000000"), "utf-8-sig"
    )
    again = run(live_server, secret, plan, refused)
    assert again == (0, "created=2 updated=0 unchanged=0 refused=0")
    assert BudgetEntry.objects.get(project__key="F008").amount == 1_000_000
    _, counts = run(live_server, secret, plan, file)
    assert counts == "created=0 updated=0 unchanged=98 refused=2"


@pytest.mark.django_db(transaction=True)
def test_it_says_why_it_got_nowhere(live_server: Any, tmp_path: Path) -> None:
    file = tmp_path / "settled.csv"
    file.write_text("事業,決算額\nA,1\n", "utf-8")
    code, said = run(live_server, "dxp_wrong", 1, file)
    assert code == 1 and said.startswith("401 トークンが正しくない")


@pytest.mark.django_db(transaction=True)
def test_a_spreadsheet_user_gets_all_figures_of_all_years(live_server: Any, tmp_path: Path) -> None:
    cast = make_cast()
    Actual.objects.filter(indicator=cast.indicators["来訪者"], fiscal_year=2023).update(value=0)
    file = tmp_path / "kpis.csv"
    asked = ("--plan", str(cast.plan.pk), "--output", str(file))
    code, told = run_example("kpi_table.py", live_server, service(cast, "read")[1], *asked)
    assert code == 0, told
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = {row["indicator_name"]: row for row in csv.DictReader(opened)}
    of_plan = Actual.objects.filter(indicator__uses__plan=cast.plan, kind="actual")
    assert set(rows) == set(of_plan.values_list("indicator__name", flat=True))
    visitors = rows["来訪者数"]
    assert (float(visitors["2023"]), float(visitors["2024"])) == (0, 12345)
    without = of_plan.filter(value__isnull=True).first()
    assert without is not None
    assert rows[without.indicator.name][str(without.fiscal_year)] == ""
