"""Departments are reorganised: what is open changes hands, what is settled stays."""

import datetime
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.audit import Actor
from accounts.handovers import departments_on, handovers_of
from accounts.models import (
    AuditEntry,
    Channel,
    Department,
    DepartmentSuccession,
    Handover,
    RoleAssignment,
    User,
)
from accounts.policy import Act
from dxportal.planbook.loader import load_plan
from dxportal.planbook.writer import write_plan
from dxportal.reorganization.handing_over import hand_over
from dxportal.reorganization.services import Move, Shares, preview_reorganization, reorganize
from kpi.models import Indicator
from plans.in_charge import in_fiscal_year, measure_in_charge
from plans.models import Extension, Plan, RoundItem, Submission
from projects.models import ProjectDepartment
from tests.cast import Cast, grow

APRIL = datetime.date(2026, 4, 1)
NEXT_APRIL = datetime.date(2027, 4, 1)


def actor(cast: Cast) -> Actor:
    # A fresh user: the scope is worked out once per object.
    return Actor(User.objects.get(pk=cast.coordinator.pk), Channel.PAGE)


def names(departments: list[Department]) -> list[str]:
    return [department.name for department in departments]


@pytest.fixture
def tourism(cast: Cast) -> Department:
    return cast.departments["観光課"]


@pytest.fixture
def fishery(cast: Cast) -> Department:
    return cast.departments["農水産課"]


@pytest.fixture
def settled(cast: Cast, tourism: Department) -> Submission:
    item = RoundItem.objects.create(
        cycle=cast.last_cycle,
        kind="actual",
        object_id=cast.indicators["立案数"].pk,
        label="立案数",
        department=tourism,
        state=RoundItem.State.FINAL,
    )
    return Submission.objects.create(
        cycle=item.cycle, department=tourism, state=Submission.State.APPROVED
    )


def ask(cast: Cast, key: str, state: str = RoundItem.State.UNTOUCHED) -> RoundItem:
    indicator = cast.indicators[key]
    return RoundItem.objects.create(
        cycle=cast.open_cycle,
        kind="actual",
        object_id=indicator.pk,
        label=indicator.name,
        department=indicator.department,
        state=state,
    )


def test_a_new_name_is_a_department_of_its_own(cast: Cast, tourism: Department) -> None:
    done = reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    (new,) = done.created
    tourism.refresh_from_db()
    assert tourism.valid_to == datetime.date(2026, 3, 31)
    assert (new.valid_from, new.parent) == (APRIL, cast.departments["観光経済部"])
    assert DepartmentSuccession.objects.get(predecessor=tourism, successor=new).on == APRIL
    assert not Indicator.objects.filter(department=tourism).exists()
    assert ProjectDepartment.objects.filter(department=new).count() == 2
    entry = AuditEntry.objects.of(cast.indicators["立案数"]).get()
    assert (entry.before, entry.after) == ({"department": tourism.pk}, {"department": new.pk})
    assert entry.reason == "組織改編（2026年4月1日）"
    assert Handover.objects.filter(from_department=tourism, to_department=new).count() == done.items


def test_two_are_merged_and_their_packages_with_them(
    cast: Cast, tourism: Department, fishery: Department
) -> None:
    ask(cast, "立案数", RoundItem.State.SUBMITTED)
    ask(cast, "苦情")
    for department in (tourism, fishery):
        Submission.objects.create(cycle=cast.open_cycle, department=department)
    done = reorganize(
        actor(cast),
        cast.city,
        APRIL,
        [Move(tourism, ("観光水産課",)), Move(fishery, ("観光水産課",))],
    )
    (new,) = done.created
    package = Submission.objects.get(cycle=cast.open_cycle)
    assert (package.department, package.state) == (new, Submission.State.ENTERING)
    assert set(cast.open_cycle.items.values_list("department", flat=True)) == {new.pk}


def test_a_project_of_both_keeps_one_line_and_both_pasts(cast: Cast, tourism: Department) -> None:
    office = cast.departments["DX推進課"]
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, (office,))])
    link = ProjectDepartment.objects.get(project=cast.projects["観光1-1-7"])
    assert (link.department, link.position, link.and_others) == (office, 1, True)
    found = handovers_of([link])[link]
    assert set(names(in_fiscal_year(found, office, 2025))) == {"観光課", "DX推進課"}
    assert names(in_fiscal_year(found, office, 2026)) == ["DX推進課"]


def test_one_is_split_item_by_item(cast: Cast, tourism: Department) -> None:
    kept, given = cast.indicators["立案数"], cast.indicators["来訪者"]
    asked = ask(cast, "来訪者")
    shares = Shares({("kpi.indicator", given.pk): 1})
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("企画課", "交流課"))], shares)
    kept.refresh_from_db()
    given.refresh_from_db()
    asked.refresh_from_db()
    assert (str(kept.department), str(given.department)) == ("企画課", "交流課")
    assert str(asked.department) == "交流課"  # what is asked goes with its indicator


def test_a_part_is_handed_over_while_the_old_one_goes_on(cast: Cast, tourism: Department) -> None:
    given = cast.indicators["来訪者"]
    shares = Shares({("kpi.indicator", given.pk): 0})
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("交流課", tourism))], shares)
    tourism.refresh_from_db()
    given.refresh_from_db()
    assert tourism.valid_to is None
    assert not DepartmentSuccession.objects.exists()
    assert str(given.department) == "交流課"
    assert Indicator.objects.filter(department=tourism).count() == 3
    assert cast.editor.role_assignments.get().department == tourism


def test_what_is_settled_or_over_stays(
    cast: Cast, tourism: Department, settled: Submission
) -> None:
    over = Plan.objects.create(
        organization=cast.city,
        key="old",
        name="旧計画",
        first_fiscal_year=2018,
        last_fiscal_year=2021,
    )
    old_link = ProjectDepartment.objects.create(
        plan=over, project=cast.projects["観光1-1-7"], department=tourism
    )
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    settled.refresh_from_db()
    old_link.refresh_from_db()
    assert settled.department == old_link.department == tourism
    assert cast.last_cycle.items.get().department == tourism


def test_rights_follow_to_the_new_department_and_go_no_further(
    cast: Cast, tourism: Department
) -> None:
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    editor = User.objects.get(pk=cast.editor.pk)
    enterable = Indicator.objects.enterable_by(editor)
    assert cast.indicators["立案数"] in enterable
    assert cast.indicators["苦情"] not in enterable
    assert str(editor.role_assignments.get().department) == "観光交流課"
    # The old department's name opens nothing to the editor any more.
    Indicator.objects.filter(pk=cast.indicators["立案数"].pk).update(department=tourism)
    assert not Indicator.objects.enterable_by(editor).filter(department=tourism).exists()


def test_the_head_above_keeps_the_new_department(cast: Cast, tourism: Department) -> None:
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    approver = User.objects.get(pk=cast.approver.pk)
    assert cast.indicators["立案数"] in Indicator.objects.allowing(approver, Act.APPROVE)


def test_a_persons_role_goes_where_it_is_ticked(cast: Cast, tourism: Department) -> None:
    other = User.objects.create(username="other", organization=cast.city)
    left = RoleAssignment.objects.create(
        user=other, role="editor", organization=cast.city, department=tourism
    )
    own = cast.editor.role_assignments.get()
    shares = Shares(roles={own.pk: (1,), left.pk: ()})
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("企画課", "交流課"))], shares)
    own.refresh_from_db()
    left.refresh_from_db()
    assert str(own.department) == "交流課"
    assert left.department == tourism


def test_departments_below_go_under_the_successor(cast: Cast, tourism: Department) -> None:
    above = cast.departments["観光経済部"]
    reorganize(actor(cast), cast.city, APRIL, [Move(above, ("経済部",))])
    tourism.refresh_from_db()
    assert str(tourism.parent) == "経済部"


def test_a_division_and_its_section_end_together(cast: Cast, tourism: Department) -> None:
    above = cast.departments["観光経済部"]
    moves = [Move(tourism, ("観光交流課",)), Move(above, ("経済部",))]
    done = reorganize(actor(cast), cast.city, APRIL, moves)
    tourism.refresh_from_db()
    new = next(row for row in done.created if row.name == "観光交流課")
    assert str(new.parent) == "経済部"
    assert tourism.parent == above


def test_a_section_takes_over_its_own_division(cast: Cast, tourism: Department) -> None:
    above = cast.departments["観光経済部"]
    reorganize(actor(cast), cast.city, APRIL, [Move(above, (tourism,))])
    tourism.refresh_from_db()
    cast.departments["農水産課"].refresh_from_db()
    assert tourism.parent is None
    assert cast.departments["農水産課"].parent == tourism


def test_two_in_sequence_leave_each_year_its_department(cast: Cast, tourism: Department) -> None:
    measure = cast.measures["観光"]
    measure.department = tourism
    measure.save()
    first = reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    second = reorganize(actor(cast), cast.city, NEXT_APRIL, [Move(first.created[0], ("交流局",))])
    measure.refresh_from_db()
    found = handovers_of([measure])[measure]
    by_year = {
        year: names(in_fiscal_year(found, measure.department, year)) for year in (2025, 2026, 2027)
    }
    assert by_year == {2025: ["観光課"], 2026: ["観光交流課"], 2027: ["交流局"]}
    assert names(departments_on(found, measure.department, APRIL)) == ["観光交流課"]
    assert measure_in_charge(measure, 2027) == (
        "交流局（令和8年度までは観光交流課、令和7年度までは観光課）"
    )
    assert measure_in_charge(measure, 2025) == "観光課（令和7年度の所管。現在は交流局）"
    assert second.created[0].valid_from == NEXT_APRIL


def test_nothing_is_done_by_halves(
    cast: Cast, tourism: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValidationError("ここで止まる")

    monkeypatch.setattr("dxportal.reorganization.services._end_old", fail)
    before = AuditEntry.objects.count(), Department.objects.count()
    with pytest.raises(ValidationError):
        reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    assert (AuditEntry.objects.count(), Department.objects.count()) == before
    assert not Handover.objects.exists()
    assert Indicator.objects.filter(department=tourism).count() == 4
    assert cast.editor.role_assignments.get().department == tourism


def test_what_came_since_the_preview_is_noticed(cast: Cast, tourism: Department) -> None:
    moves = [Move(tourism, ("観光交流課",))]
    preview = preview_reorganization(actor(cast), cast.city, APRIL, moves)
    cast.indicator("新顔", department=tourism)
    with pytest.raises(ValidationError, match="引き継ぐものが変わりました") as refused:
        reorganize(actor(cast), cast.city, APRIL, moves, seen=preview.fingerprint)
    assert refused.value.code == "changed"
    assert not Handover.objects.exists()


@pytest.mark.parametrize(
    ("successors", "message"),
    [
        ((), "新部局を選んでください"),
        (("観光課",), "同じ名前です"),
        (("別", "別"), "重なっています"),
    ],
)
def test_what_cannot_be_says_why(
    cast: Cast, tourism: Department, successors: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        reorganize(actor(cast), cast.city, APRIL, [Move(tourism, successors)])


def test_days_must_fit(cast: Cast, tourism: Department, fishery: Department) -> None:
    fishery.valid_to = datetime.date(2025, 3, 31)
    fishery.save()
    with pytest.raises(ValidationError, match="廃止されています"):
        reorganize(actor(cast), cast.city, APRIL, [Move(fishery, (tourism,))])
    with pytest.raises(ValidationError, match="廃止されています"):
        reorganize(actor(cast), cast.city, APRIL, [Move(tourism, (fishery,))])


def test_another_city_is_refused(cast: Cast, tourism: Department) -> None:
    elsewhere = Department.objects.create(organization=cast.other_city, key="課", name="課")
    with pytest.raises(PermissionDenied):
        reorganize(Actor(cast.outsider, Channel.PAGE), cast.city, APRIL, [Move(tourism, ("新課",))])
    with pytest.raises(ValidationError, match="ほかの団体"):
        reorganize(actor(cast), cast.city, APRIL, [Move(tourism, (elsewhere,))])
    with pytest.raises(PermissionDenied):
        reorganize(Actor(cast.admin, Channel.PAGE), cast.city, APRIL, [Move(tourism, ("新課",))])


def test_more_time_goes_on(cast: Cast, tourism: Department) -> None:
    Extension.objects.create(
        cycle=cast.open_cycle, department=tourism, until=cast.open_cycle.closes_at, reason="災害"
    )
    done = reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    assert Extension.objects.filter(department=done.created[0], reason="災害").exists()


def test_a_preview_takes_as_many_queries_however_much_there_is(
    cast: Cast, tourism: Department, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    moves = [Move(tourism, ("観光交流課",))]
    for size in (1, 20):
        grow(cast, size) if size > 1 else None
        with django_assert_num_queries(9):
            user = User(pk=cast.coordinator.pk)
            preview_reorganization(Actor(user, Channel.PAGE), cast.city, APRIL, moves)


def test_what_was_given_away_meanwhile_stops_it(cast: Cast, tourism: Department) -> None:
    indicator = cast.indicators["立案数"]
    Indicator.objects.filter(pk=indicator.pk).update(department=cast.departments["総務部"])
    with pytest.raises(ValidationError) as refused:
        hand_over(actor(cast), [indicator], tourism, cast.departments["DX推進課"], APRIL, "")
    assert refused.value.code == "changed"


def test_a_book_from_before_shows_what_it_would_undo(
    cast: Cast, tourism: Department, tmp_path: Path
) -> None:
    write_plan(cast.plan, tmp_path / "book")
    reorganize(actor(cast), cast.city, APRIL, [Move(tourism, ("観光交流課",))])
    result = load_plan(Actor.system(), tmp_path / "book", dry_run=True)
    fields = {(c.sheet, c.label): c.fields for c in result.changes}
    assert fields["departments", "観光課"] == {"valid_to": ("2026-03-31", "")}
    assert fields["indicators", "来訪者数"]["department"][1] == "観光課"
    assert Indicator.objects.get(key="来訪者").department != tourism


# Pages


def lines(*rows: tuple[Department, Department | str], on: str = "2026-04-01") -> dict[str, str]:
    query = {"on": on, "line-TOTAL_FORMS": str(len(rows)), "line-INITIAL_FORMS": "0"}
    for number, (old, new) in enumerate(rows):
        query[f"line-{number}-old"] = str(old.pk)
        field = "name" if isinstance(new, str) else "new"
        query[f"line-{number}-{field}"] = new if isinstance(new, str) else str(new.pk)
    return query


def test_the_pages_lead_from_the_lines_to_the_result(
    cast: Cast, tourism: Department, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(cast.coordinator)
    url = reverse("reorganization")
    query = lines((tourism, "企画課"), (tourism, "交流課"))
    preview = client.get(url, query)
    page = preview.content.decode()
    for told in ("データを活用した事業立案数", "ＳＮＳデータの分析", "江出 太郎", "企画課、交流課"):
        assert told in page
    assert not Handover.objects.exists()
    role = cast.editor.role_assignments.get()
    given = cast.indicators["来訪者"]
    fields = {item.field_name: "0" for item in preview.context["moves"][0].part.asked} | {
        f"to-indicator-{given.pk}": "1",
        f"role-{role.pk}-1": "on",
    }
    seen = {"seen": preview.context["preview"].fingerprint}
    answer = client.post(f"{url}?{urlencode(query)}", fields | seen, follow=True)
    assert answer.status_code == 200
    assert "組織改編を行いました" in answer.content.decode()
    given.refresh_from_db()
    role.refresh_from_db()
    assert str(given.department) == str(role.department) == "交流課"
    assert "来訪者数" in answer.content.decode()
    told = client.get(reverse("kpi:indicator", args=[given.pk])).content.decode()
    assert "所管課：交流課（令和7年度までは観光課）" in told
    told = client.get(reverse("projects:detail", args=[cast.projects["観光1-1-7"].pk]))
    assert "（令和7年度までは観光課）" in told.content.decode()


def test_a_missing_choice_changes_nothing(
    cast: Cast, tourism: Department, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(cast.coordinator)
    query = lines((tourism, "企画課"), (tourism, "交流課"))
    seen = client.get(reverse("reorganization"), query).context["preview"].fingerprint
    answer = client.post(f"{reverse('reorganization')}?{urlencode(query)}", {"seen": seen})
    assert answer.status_code == 422
    assert "引継ぎ先の選び方が正しくありません" in answer.content.decode()
    assert not Handover.objects.exists()


def test_incomplete_lines_say_what_is_missing(
    cast: Cast, tourism: Department, sign_in: Callable[[User], Client]
) -> None:
    query = lines((tourism, ""))
    page = sign_in(cast.coordinator).get(reverse("reorganization"), query).content.decode()
    assert "新部局を選ぶか、新しい部局の名称を入力してください。" in page
    assert "組織改編の確認" not in page


def test_lines_can_be_added_and_gone_back_to(
    cast: Cast, tourism: Department, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(cast.coordinator)
    query = lines((tourism, "企画課"))
    for button in ("more", "back"):
        answer = client.get(reverse("reorganization"), query | {button: "1"})
        assert 'value="企画課"' in answer.content.decode()
        assert len(answer.context["lines"].forms) == 4
        assert 'value="2026-04-01"' in answer.content.decode()


def test_another_citys_departments_are_no_choice(
    cast: Cast, tourism: Department, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(cast.outsider)
    answer = client.get(reverse("reorganization"), lines((tourism, "新課")))
    assert "preview" not in answer.context
    asked = client.get(reverse("reorganization"), {"organization": cast.city.pk})
    assert asked.status_code == 404
