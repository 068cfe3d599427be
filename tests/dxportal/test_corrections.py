"""Corrections (訂正) of everything that a round settles: page, API, 正誤表, rights, versions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, User
from accounts.versions import StaleVersion
from budgets.corrections import correct_settlement
from budgets.models import BudgetEntry
from kpi.models import Actual
from kpi.services import ActualEntry, correct_actual
from plans.models import Correction, ReportingCycle, RoundItem
from projects.corrections import correct_review, correct_stage
from projects.models import Review, ScheduleEntry
from tests.api import Caller
from tests.cast import LAST_YEAR, THIS_YEAR, Cast
from tests.drawn import drawn

WHY = "転記の誤り"


def as_(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def told() -> list[tuple[str, str, str]]:
    return [(row.field, row.before, row.after) for row in Correction.objects.order_by("pk")]


@pytest.fixture
def settled(cast: Cast) -> dict[str, Any]:
    """What was stored of LAST_YEAR before its round was settled, of every kind."""
    project, area = cast.projects["観光1-1-7"], cast.measures["観光1"]
    ReportingCycle.objects.create(
        plan=cast.plan, fiscal_year=LAST_YEAR, kind="interim", state="final"
    )
    return {
        "review": Review.objects.update_or_create(
            plan=cast.plan,
            measure=area,
            fiscal_year=LAST_YEAR,
            defaults={"mark": cast.marks["behind"], "result": ""},
        )[0],
        "stage": ScheduleEntry.objects.get(project=project, fiscal_year=LAST_YEAR),
        "settlement": BudgetEntry.objects.create(
            project=project, fiscal_year=LAST_YEAR, stage="settled", amount=1_200_000
        ),
        "interim": Actual.objects.create(
            indicator=cast.indicators["来訪者"],
            fiscal_year=LAST_YEAR,
            kind=Actual.Kind.INTERIM,
            value=6000,
            state="final",
        ),
    }


Act = Callable[..., Any]


def acts(cast: Cast, settled: dict[str, Any]) -> dict[str, Act]:
    """One correction of every kind: `act(actor, year=…, version=…, reason=…)`."""
    project, area, kpi = (
        cast.projects["観光1-1-7"],
        cast.measures["観光1"],
        cast.indicators["来訪者"],
    )
    mark = {"mark": cast.marks["on_schedule"], "result": "計画どおり。"}
    changes = {"amount": 1_230_000, "note": "繰越を含む"}
    new = ActualEntry("６，５００")
    plan = cast.plan
    return {
        "review": lambda a, y, v, r: correct_review(a, plan, area, y, mark, v, r),
        "stage": lambda a, y, v, r: correct_stage(a, plan, project, y, "operate", v, r),
        "settlement": lambda a, y, v, r: correct_settlement(
            a, plan, project, y, "settled", changes, v, r
        ),
        "interim": lambda a, y, v, r: correct_actual(
            a, plan, kpi, y, new, v, r, Actual.Kind.INTERIM
        ),
    }


EXPECTED = {
    "review": [
        ("進捗", "△ 遅れている", "○ 予定どおり"),
        ("実績・評価・今後の対応", "", "計画どおり。"),
    ],
    "stage": [("実績の段階", "構築", "運用")],
    "settlement": [
        ("決算の金額", "120万円", "123万円"),
        ("決算のコメント", "", "繰越を含む"),
    ],
    "interim": [("中間実績値", "6,000", "6,500")],
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_settled_thing_changes_by_a_correction_of_the_office_alone(
    cast: Cast, settled: dict[str, Any], kind: str
) -> None:
    act, row, office = acts(cast, settled)[kind], settled[kind], as_(cast.coordinator)
    for who in (cast.editor, cast.approver, cast.viewer, cast.outsider):
        with pytest.raises(PermissionDenied):
            act(as_(who), LAST_YEAR, row.version, WHY)
    with pytest.raises(ValidationError, match="理由"):
        act(office, LAST_YEAR, row.version, " ")
    with pytest.raises(ValidationError, match="確定していない"):
        act(office, THIS_YEAR, None, WHY)
    with pytest.raises(StaleVersion):
        act(office, LAST_YEAR, row.version + 1, WHY)
    assert not Correction.objects.exists()

    act(office, LAST_YEAR, row.version, WHY)
    assert told() == EXPECTED[kind]
    item = Correction.objects.first().item  # type: ignore[union-attr]
    assert (item.state, item.cycle.kind == "interim") == ("final", kind == "interim")
    (log,) = AuditEntry.objects.filter(action__endswith=".correct")
    assert (log.reason, log.actor) == (WHY, cast.coordinator)
    # What is stored already is no correction.
    row.refresh_from_db()
    act(office, LAST_YEAR, row.version, WHY)
    assert told() == EXPECTED[kind]


def test_a_thing_of_another_plan_is_not_corrected(cast: Cast) -> None:
    stranger = cast.projects["観光1-1-7"]
    stranger.placements.all().delete()
    for act in (
        lambda: correct_stage(
            as_(cast.coordinator), cast.plan, stranger, LAST_YEAR, "operate", None, WHY
        ),
        lambda: correct_settlement(
            as_(cast.coordinator),
            cast.plan,
            stranger,
            LAST_YEAR,
            "settled",
            {"amount": 1},
            None,
            WHY,
        ),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert not RoundItem.objects.exists()


# The page


PAGE_FORMS: dict[str, tuple[str, str, dict[str, str]]] = {
    "review": ("review", "観光1", {"mark": "on_schedule", "result": "計画どおり。"}),
    "stage": ("progress", "観光1-1-7", {"stage": "operate"}),
    "settlement": (
        "settlement",
        "観光1-1-7",
        {"settled_amount": "1,230", "settled_note": "繰越を含む"},
    ),
    "interim": ("actual", "来訪者", {"value": "６，５００"}),
}


@pytest.mark.parametrize("kind", PAGE_FORMS)
def test_the_page_corrects_everything_and_tells_of_it(
    cast: Cast, settled: dict[str, Any], sign_in: Callable[[User], Client], kind: str
) -> None:
    asked, key, changes = PAGE_FORMS[kind]
    things = {**cast.measures, **cast.projects, **cast.indicators}
    cycle = ReportingCycle.objects.get(
        fiscal_year=LAST_YEAR, plan=cast.plan, kind="interim" if kind == "interim" else "annual"
    )
    address = reverse("rounds:correct", args=[cycle.pk, asked, things[key].pk])
    client = sign_in(cast.coordinator)
    form = client.get(address).context["form"]
    stored = {name: form.initial[name] for name in (*form.cells, "row_version")}
    late = {**stored, **changes, "reason": WHY, "row_version": "9.9"}
    answer = client.post(address, late)
    assert (answer.status_code, Correction.objects.count()) == (409, 0)
    assert "ほかの人が先に変更しました" in answer.content.decode()
    answer = client.post(address, {**late, "row_version": stored["row_version"]}, follow=True)
    assert told() == EXPECTED[kind]
    page = answer.content.decode()
    assert all(text in page for text in (WHY, EXPECTED[kind][0][2]))
    assert (
        "値は変わっていない"
        in client.post(address, {**late, "row_version": "0"}, follow=True).content.decode()
    )


def test_the_pages_lead_to_the_correction_of_what_was_settled_before_items_were_kept(
    cast: Cast, settled: dict[str, Any], sign_in: Callable[[User], Client]
) -> None:
    measure, project = cast.measures["観光1"], cast.projects["観光1-1-7"]
    assert cast.last_cycle is not None
    assert not RoundItem.objects.filter(cycle=cast.last_cycle).exists()
    ways = [
        (reverse("plans:measure", args=[measure.pk]), "review", measure.pk, "令和6年度を訂正"),
        (reverse("projects:detail", args=[project.pk]), "progress", project.pk, "の進捗を訂正"),
        (reverse("projects:detail", args=[project.pk]), "settlement", project.pk, "の決算を訂正"),
    ]
    for page, kind, number, words in ways:
        way = reverse("rounds:correct", args=[cast.last_cycle.pk, kind, number])
        shown = sign_in(cast.coordinator).get(page).content.decode()
        assert f'href="{way}"' in shown and words in shown
        assert sign_in(cast.coordinator).get(way).status_code == 200
        for person in (cast.editor, cast.viewer):
            assert way not in sign_in(person).get(page).content.decode()
    # A measure that nobody reviewed and nobody was asked about has nothing to correct.
    bare = reverse("plans:measure", args=[cast.measures["教育1"].pk])
    assert "を訂正" not in sign_in(cast.coordinator).get(bare).content.decode()
    correct_review(
        as_(cast.coordinator),
        cast.plan,
        measure,
        LAST_YEAR,
        {"result": "済んだ。"},
        settled["review"].version,
        WHY,
    )
    told_of = drawn(sign_in(cast.viewer).get(ways[0][0]).content.decode())
    assert "（空欄） → 済んだ。" in told_of and WHY in told_of


def test_what_does_not_stand_in_the_plan_has_no_page(
    cast: Cast, sign_in: Callable[[User], Client]
) -> None:
    client, cycle = sign_in(cast.coordinator), cast.last_cycle
    assert cycle is not None
    for kind, number in (("actual", 999_999), ("nothing", 1), ("review", 999_999)):
        address = reverse("rounds:correct", args=[cycle.pk, kind, number])
        assert client.get(address).status_code == 404


# The API


def test_the_api_corrects_everything_with_the_version_that_was_read(
    cast: Cast, settled: dict[str, Any]
) -> None:
    project = {"project": cast.projects["観光1-1-7"].pk}
    bodies: dict[str, tuple[str, str, dict[str, Any]]] = {
        "review": (
            "corrections/reviews/",
            "review",
            {
                "measure": cast.measures["観光1"].pk,
                "mark": "on_schedule",
                "result": "計画どおり。",
            },
        ),
        "stage": ("corrections/stages/", "entry", {**project, "actual": "operate"}),
        "settlement": (
            "corrections/settlements/",
            "settlement",
            {**project, "amount": 1_230_000, "note": "繰越を含む"},
        ),
        "interim": (
            "corrections/",
            "actual",
            {
                "indicator": cast.indicators["来訪者"].pk,
                "kind": Actual.Kind.INTERIM,
                "value": "6500",
            },
        ),
    }
    for kind, (address, name, body) in bodies.items():
        Correction.objects.all().delete()
        version = settled[kind].version
        said = {"plan": cast.plan.pk, "fiscal_year": LAST_YEAR, "reason": WHY, **body}
        office = Caller(cast.coordinator)
        late = office.post(address, {**said, "version": version + 1})
        assert (late.status_code, late.json()["current"]["version"]) == (409, version), kind
        assert Caller(cast.editor).post(address, {**said, "version": version}).status_code == 403
        made = office.post(address, {**said, "version": version})
        assert made.status_code == 201, made.json()
        assert made.json()[name]["version"] == version + 1
        rows = [(row["field"], row["before"], row["after"]) for row in made.json()["corrections"]]
        assert rows == told() == EXPECTED[kind]
