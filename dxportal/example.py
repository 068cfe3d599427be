"""The example: the plans in `fixtures/`, a round that is open, and people to try it with."""

import datetime
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import Channel, Department, Organization, Role, User
from accounts.services import create_person
from dxportal.planbook.loader import load_plan
from dxportal.planbook.reader import read_book
from dxportal.public import services as publishing
from dxportal.rounds.asking import suggestion_for
from plans import services as plan_services
from plans.models import Plan, ReportingCycle

CITY, OTHER_CITY = "422029", "422011"
PLAN_KEY = "dx-action-plan-r6"
EDITOR_DEPARTMENT = "観光商工部"
OPEN_FISCAL_YEAR = 2025
PRINTED_FISCAL_YEARS = (2022, 2023)
INTRODUCTION = (
    "市民の暮らし、まちの産業、市役所の仕事を、デジタル技術で便利にしていく計画です。"
    "12の重点課題ごとに、何をいつまでに行い、どのような成果を目指すかを決め、毎年進みぐあいを"
    "お知らせします。"
)
DAYS_TO_ENTER = 21


@dataclass(frozen=True)
class Person:
    username: str
    display_name: str
    role: str
    in_department: bool = False
    elsewhere: bool = False


PEOPLE = (
    Person("editor", "入力 担当", Role.EDITOR, in_department=True),
    Person("approver", "所属 長子", Role.APPROVER, in_department=True),
    Person("coordinator", "事務 局子", Role.COORDINATOR),
    Person("viewer", "閲覧 部長", Role.VIEWER),
    Person("admin", "管理 太郎", Role.ADMIN),
    Person("outsider", "他市 花子", Role.COORDINATOR, elsewhere=True),
)


def load_example_plans() -> list[str]:
    """Load every plan book of `fixtures/` that is not there yet; the names of those loaded."""
    loaded = []
    for folder in sorted(Path(settings.BASE_DIR, "fixtures").glob("*/plan.csv")):
        key = read_book(folder.parent).sheets["plan"][0].cells["key"]
        if not Plan.objects.filter(key=key).exists():
            loaded.append(str(load_plan(Actor.system(Channel.COMMAND), folder.parent).plan))
    return loaded


def open_example_round() -> ReportingCycle:
    """The round of the year after the report, open for three weeks from its making."""
    actor = Actor.system(Channel.COMMAND)
    plan = Plan.objects.get(organization__code=CITY, key=PLAN_KEY)
    cycle = plan.cycles.filter(fiscal_year=OPEN_FISCAL_YEAR).first()
    if cycle is not None:
        return cycle
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    closes_at = today + datetime.timedelta(days=DAYS_TO_ENTER)
    with transaction.atomic():
        cycle = plan_services.create_cycle(
            actor,
            plan,
            OPEN_FISCAL_YEAR,
            opens_at=today,
            closes_at=closes_at,
            asks={"asks_progress": True},
            review_levels=suggestion_for(plan).review_levels,
        )
        return plan_services.move_cycle(
            actor, cycle, ReportingCycle.State.OPEN, expected_version=cycle.version
        )


def publish_example_plan() -> None:
    """Make the plan public, with the years whose figures its document prints."""
    actor = Actor.system(Channel.COMMAND)
    plan = Plan.objects.get(organization__code=CITY, key=PLAN_KEY)
    for fiscal_year in PRINTED_FISCAL_YEARS:
        _publish_past_year(actor, plan, fiscal_year)
    publishing.publish_plan(
        actor,
        plan,
        {"contact": "佐世保市 DX推進課", "introduction": INTRODUCTION},
    )


def _publish_past_year(actor: Actor, plan: Plan, fiscal_year: int) -> None:
    """A year that was settled before the portal was there: its round asks nobody for anything."""
    if plan.cycles.filter(fiscal_year=fiscal_year).exists():
        return
    asks = dict.fromkeys(plan_services.ASKED, False)
    with transaction.atomic():
        cycle = plan_services.create_cycle(actor, plan, fiscal_year, asks=asks)
        states = ReportingCycle.State
        for state in (states.OPEN, states.CLOSED, states.FINAL, states.PUBLISHED):
            plan_services.move_cycle(actor, cycle, state, expected_version=cycle.version)


def create_example_people() -> str:
    """Make the example people with one password, which is returned; it is kept in DATA_DIR."""
    password = _password()
    city = Organization.objects.get(code=CITY)
    other, _ = Organization.objects.get_or_create(code=OTHER_CITY, defaults={"name": "長崎市"})
    department = Department.objects.get(organization=city, key=EDITOR_DEPARTMENT)
    for person in PEOPLE:
        organization = other if person.elsewhere else city
        if not User.objects.filter(username=person.username).exists():
            create_person(
                Actor.system(),
                person.username,
                person.display_name,
                organization,
                person.role,
                password,
                department if person.in_department else None,
            )
    return password


def _password() -> str:
    file = settings.DATA_DIR / "example_password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(12))
    return file.read_text().strip()
