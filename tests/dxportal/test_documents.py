"""The five documents together: round trips, and what 長崎市's plans share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from accounts.audit import Actor
from accounts.models import Department
from dxportal.planbook.loader import load_plan
from dxportal.planbook.writer import write_plan
from plans.models import Plan
from projects.models import Placement, Project, ProjectDepartment

BOOKS = sorted(folder.parent for folder in Path(settings.BASE_DIR, "fixtures").glob("*/plan.csv"))
NAMES = [book.name for book in BOOKS]


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.csv")}


def test_there_are_five() -> None:
    assert len(BOOKS) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("book", BOOKS, ids=NAMES)
def test_each_plan_comes_back_byte_for_byte(book: Path, tmp_path: Path) -> None:
    for source, target in ((book, tmp_path / "first"), (tmp_path / "first", tmp_path / "second")):
        with transaction.atomic():
            assert not Plan.objects.exists()
            write_plan(load_plan(Actor.system(), source).plan, target)
            transaction.set_rollback(True)
    assert content(tmp_path / "first") == content(tmp_path / "second")


@pytest.mark.django_db
def test_all_plans_of_one_database_come_back_byte_for_byte(tmp_path: Path) -> None:
    sources = BOOKS
    for target in (tmp_path / "first", tmp_path / "second"):
        with transaction.atomic():
            assert not Plan.objects.exists()
            for source in sources:
                load_plan(Actor.system(), source)
            for plan in Plan.objects.all():
                write_plan(plan, target / plan.key)
            transaction.set_rollback(True)
        sources = sorted(target.iterdir())
    first, second = content(tmp_path / "first"), content(tmp_path / "second")
    assert len(first) > 5
    assert first == second


@pytest.mark.django_db
@pytest.mark.parametrize("book", BOOKS, ids=NAMES)
def test_an_export_of_each_plan_as_a_workbook_changes_nothing(book: Path, tmp_path: Path) -> None:
    plan = load_plan(Actor.system(), book).plan
    write_plan(plan, tmp_path / "book.xlsx")
    assert load_plan(Actor.system(), tmp_path / "book.xlsx", dry_run=True).changes == []


@pytest.fixture
def nagasaki(db: None) -> Iterator[dict[str, Plan]]:
    plans = [load_plan(Actor.system(), b).plan for b in BOOKS if b.name.startswith("nagasaki")]
    yield {plan.key: plan for plan in plans}


SHARED = {
    "スマホサロンの推進事業": ("スマホサロンの開設", "情報政策推進室", "DX推進課"),
    "まちづくり活動推進事業（自治会デジタル化支援事業）": (
        "自治会デジタル化支援事業",
        "市民生活部",
        "自治振興課",
    ),
    "契約事務のデジタル化（電子契約システム）": (
        "電子契約システムの運用管理",
        "理財部",
        "契約検査課",
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_a_project_of_two_plans_is_one_with_its_places(
    nagasaki: dict[str, Plan], name: str
) -> None:
    printed, old, new = SHARED[name]
    project = Project.objects.get(name=name)
    package = nagasaki["nagasaki-dx-package-2024"]
    action = nagasaki["nagasaki-action-plan-r7-h"]
    places = Placement.objects.filter(project=project, is_primary=True)
    assert {place.plan: place.title for place in places} == {package: printed, action: name}
    for plan, department in ((package, old), (action, new)):
        links = ProjectDepartment.objects.filter(plan=plan, project=project)
        assert [str(link.department) for link in links] == [department]


def test_the_department_of_old_has_its_successor(nagasaki: dict[str, Plan]) -> None:
    old = Department.objects.get(organization__code="422011", name="情報政策推進室")
    assert [str(link.successor) for link in old.successions.all()] == ["DX推進課"]


def test_loading_the_books_of_one_city_again_changes_nothing(nagasaki: dict[str, Plan]) -> None:
    for book in BOOKS:
        if book.name.startswith("nagasaki"):
            assert load_plan(Actor.system(), book, dry_run=True).changed == 0, book.name
