"""The example script of docs/examples, run as a finance system would run it."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from budgets.models import BudgetEntry
from tests.api import service
from tests.cast import THIS_YEAR, Cast, make_cast

SCRIPT = Path(__file__).parents[2] / "docs/examples/send_settlements.py"


def run(live_server: Any, secret: str, plan: int, file: Path, *more: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--plan", str(plan), "--fiscal-year", str(THIS_YEAR), file, *more],
        env={**os.environ, "PORTAL": live_server.url, "TOKEN": secret},
        capture_output=True,
        text=True,
        timeout=120,
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
