"""The reports of the real plans in fixtures/, with what else the portal says of them."""

import csv
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pypdf
from django.conf import settings
from django.db import transaction
from django.http import QueryDict
from django.test import Client, override_settings

from accounts.audit import Actor
from accounts.models import Role, RoleAssignment, User
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.scope import scope_for
from dxportal.planbook.loader import load_plan
from dxportal.reports import pdf
from dxportal.reports.compose import report_of
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Chosen, Design

FIXTURES = Path(settings.BASE_DIR, "fixtures")
YEAR = 2024


def silent(step: str, percent: int) -> None:
    """No progress to show."""


def bare(text: str) -> str:
    return "".join(text.split())


@dataclass
class Report:
    """A real plan's report, with what else the portal says of the plan at the same moment."""

    folder: Path
    content: ReportContent
    dashboard: dict[str, Any]
    api: dict[str, list[dict[str, Any]]]
    text: str  # of the PDF, without spaces
    pages: list[str]

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


LISTS = ("projects", "placements", "indicators", "actuals", "reviews", "budgets", "measures")


def built(folder: str, target: Path, *sections: str, year: int = YEAR) -> Report:
    """Load, read and lay out a plan; inside a transaction that is undone."""
    plan = load_plan(Actor.system(), FIXTURES / folder).plan
    viewer = User.objects.create(username=f"viewer-{folder}")
    RoleAssignment.objects.create(user=viewer, organization=plan.organization, role=Role.VIEWER)
    content = report_of(plan, year)
    if sections:
        design = Design(tuple(Chosen(name) for name in sections))
        content = replace(content, design=design)
    query = QueryDict(mutable=True)
    query["fiscal_year"] = str(year)
    figures = Figures(scope_for(viewer, plan, query))
    client = Client()
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    pdf.write_pdf(content, target, silent)
    pages = pages_of(target)
    return Report(
        FIXTURES / folder,
        content,
        numbers_of(figures),
        {name: answered(client, name, plan.pk) for name in LISTS},
        "".join(pages),
        pages,
    )


def numbers_of(figures: Figures) -> dict[str, Any]:
    """The dashboard's numbers, read while the plan is there."""
    standing, kpi, budget = figures.standing, figures.kpi, figures.budget
    return {
        "marks": {line.area.label: (*line.counts, line.area.unmarked) for line in standing.areas},
        "late": {str(late.review.measure) for late in standing.late},
        "kpi": (kpi.total, kpi.reached, kpi.judged - kpi.reached) if kpi else None,
        "budget": budget.total.amounts.by_stage if not budget.is_empty else {},
        "projects": len(figures.scope.primary_places),
    }


def answered(client: Client, name: str, plan_id: int) -> list[dict[str, Any]]:
    """Every row of an API list of the plan."""
    found: list[dict[str, Any]] = []
    address = f"/api/v1/{name}/?plan={plan_id}&page_size=500"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content[:300]
        body = answer.json()
        found += body["results"]
        address = body["next"]
    return found


def pages_of(file: Path) -> list[str]:
    """As a viewer copies it, by poppler; by pypdf, which is slow, where that isn't installed."""
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, check=True)
        return [bare(page) for page in done.stdout.decode().split("\f")]
    return [bare(page.extract_text()) for page in pypdf.PdfReader(file).pages]


@contextmanager
def undone() -> Iterator[None]:
    """What is loaded inside is gone after it; pages find their static files without a manifest."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain})
    with storages, transaction.atomic():
        yield
        transaction.set_rollback(True)
