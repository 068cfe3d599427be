"""The coordinator's pages of the yearly round, an item's page, and corrections."""

import datetime
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Notice, Role, RoleAssignment, User
from dxportal.rounds.asking import ask
from dxportal.rounds.clock import advance_rounds
from kpi.models import Actual
from kpi.services import ActualEntry, clear_actual, record_actual
from plans.models import Correction, Extension, ReportingCycle, RoundItem
from plans.procedure import Step, move_item
from tests.cast import THIS_YEAR, Cast
from tests.drawn import drawn

SignIn = Callable[..., Client]
JAPAN = ZoneInfo("Asia/Tokyo")
State = ReportingCycle.State


@pytest.fixture
def cycle(cast: Cast) -> ReportingCycle:
    assert cast.open_cycle is not None
    ask(cast.open_cycle)
    return cast.open_cycle


def as_person(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def item_of(cycle: ReportingCycle, cast: Cast, key: str) -> RoundItem:
    return cycle.items.get(kind="actual", object_id=cast.indicators[key].pk)


def enter(cast: Cast, key: str, text: str, note: str = "") -> Actual:
    entry = ActualEntry(text, note=note)
    return record_actual(as_person(cast.editor), cast.indicators[key], THIS_YEAR, entry, None)


def submit(cycle: ReportingCycle, cast: Cast, key: str) -> RoundItem:
    item = item_of(cycle, cast, key)
    return move_item(as_person(cast.editor), item, Step.SUBMIT, item.version)


def chosen(*items: RoundItem) -> list[str]:
    return [f"{item.pk}:{item.version}" for item in items]


def page_of(client: Client, name: str, *args: object, **query: object) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


# Making a round


def test_before_a_round_is_made_it_is_said_who_is_asked_for_what(
    cast: Cast, sign_in: SignIn
) -> None:
    cast.indicator("所管なし", name="所管のない指標")
    cast.use(cast.indicators["所管なし"], cast.measures["観光1"])
    client = sign_in(cast.coordinator)
    form = {
        "fiscal_year": 2026,
        "kind": "annual",
        "closes_at": "2027-05-31",
        "grace_until": "2027-06-07",
        "asks_actuals": "on",
        "asks_progress": "on",
        "review_levels": [cast.levels["issue"].pk],
    }
    address = f"{reverse('rounds:create')}?plan={cast.plan.pk}"
    page = client.post(address, form).content.decode()
    assert "まだ作成していません" in page
    assert "所管課の記載がないもの" in page
    assert "所管のない指標" in page
    assert not ReportingCycle.objects.filter(fiscal_year=2026).exists()

    answer = client.post(address, form | {"confirmed": "1"})
    made = ReportingCycle.objects.get(fiscal_year=2026)
    assert answer.url == reverse("rounds:detail", args=[made.pk])
    assert made.state == State.PREPARING
    assert made.closes_at == datetime.datetime(2027, 6, 1, tzinfo=JAPAN)
    assert made.grace_until == datetime.datetime(2027, 6, 8, tzinfo=JAPAN)
    assert list(made.review_levels.all()) == [cast.levels["issue"]]
    assert not made.items.exists()


def test_going_back_from_the_preview_keeps_what_was_chosen(cast: Cast, sign_in: SignIn) -> None:
    form = {"fiscal_year": 2026, "kind": "annual", "closes_at": "2027-05-31", "asks_actuals": "on"}
    address = f"{reverse('rounds:create')}?plan={cast.plan.pk}"
    page = sign_in(cast.coordinator).post(address, form | {"back": "1"}).content.decode()
    assert 'value="2027-05-31"' in page
    assert not ReportingCycle.objects.filter(fiscal_year=2026).exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fiscal_year": 2025}, "すでに作られています"),
        ({"grace_until": "2027-05-01"}, "猶予期限は、入力期限の日以後"),
        ({"closes_at": "", "grace_until": "2027-05-01"}, "入力期限も入れてください"),
        ({"opens_at": "2027-06-01"}, "入力開始の日より後"),
        ({"asks_actuals": ""}, "照会するものを1つ以上"),
    ],
)
def test_a_round_that_cannot_be_is_refused_at_its_field(
    cast: Cast, sign_in: SignIn, wrong: dict[str, object], said: str
) -> None:
    form = {"fiscal_year": 2026, "kind": "annual", "closes_at": "2027-05-31", "asks_actuals": "on"}
    address = f"{reverse('rounds:create')}?plan={cast.plan.pk}"
    form = {name: value for name, value in (form | wrong).items() if value != ""}
    answer = sign_in(cast.coordinator).post(address, form | {"confirmed": "1"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert ReportingCycle.objects.filter(plan=cast.plan).count() == 2


def test_other_deadlines_keep_the_log_and_who_comes_second_sees_both(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, address = sign_in(cast.coordinator), reverse("rounds:change", args=[cycle.pk])
    form = {"closes_at": "2099-05-31", "asks_actuals": "on", "row_version": 1, "reason": "延期"}
    assert client.post(address, form).status_code == 302
    cycle.refresh_from_db()
    assert cycle.closes_at == datetime.datetime(2099, 6, 1, tzinfo=JAPAN)
    entry = AuditEntry.objects.get(action="cycle.change")
    assert entry.reason == "延期"
    assert "closes_at" in entry.before

    answer = client.post(address, form | {"closes_at": "2098-01-31"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "2099-05-31" in page
    assert "2098-01-31" in page
    cycle.refresh_from_db()
    assert cycle.closes_at.year == 2099


def test_a_deadline_that_was_left_alone_keeps_its_hour(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    at_five = datetime.datetime(2099, 5, 31, 17, tzinfo=JAPAN)
    ReportingCycle.objects.filter(pk=cycle.pk).update(closes_at=at_five, opens_at=None)
    form = {"closes_at": "2099-05-31", "asks_actuals": "on", "asks_progress": "on"}
    address = reverse("rounds:change", args=[cycle.pk])
    sign_in(cast.coordinator).post(address, form | {"row_version": 1})
    cycle.refresh_from_db()
    assert cycle.asks_progress
    assert cycle.closes_at == at_five


# Watching a round


def test_the_page_says_first_what_to_do_and_where_the_round_stands(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    page = page_of(sign_in(cast.coordinator), "rounds:detail", cycle.pk)
    assert "6件のうち6件の提出を待っています" in page
    assert "全6中2" in page
    assert page.index("次にすること") < page.index("部局ごと")


def test_departments_say_how_far_they_are(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    enter(cast, "立案数", "7")
    submit(cycle, cast, "立案数")
    page = drawn(page_of(sign_in(cast.coordinator), "rounds:detail", cycle.pk))
    assert "1 / 4件（25%）" in page  # 観光課
    assert "0 / 1件（0%）" in page  # 農水産課


def test_what_is_late_returned_or_unusual_can_be_picked_out(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    enter(cast, "立案数", "700", "催しが増えた")
    client = sign_in(cast.coordinator)
    warned = page_of(client, "rounds:detail", cycle.pk, state="warned")
    assert "桁や単位は合っていますか" in warned
    assert "来訪者数を選ぶ" not in warned

    item = submit(cycle, cast, "立案数")
    move_item(as_person(cast.approver), item, Step.RETURN, item.version, "桁を確かめてください")
    returned = page_of(client, "rounds:detail", cycle.pk, state="returned")
    assert "桁を確かめてください" in returned
    assert "来訪者数を選ぶ" not in returned

    assert "条件に合う項目はありません" in page_of(client, "rounds:detail", cycle.pk, state="late")
    ReportingCycle.objects.filter(pk=cycle.pk).update(
        closes_at=timezone.now() - datetime.timedelta(minutes=1)
    )
    late = page_of(client, "rounds:detail", cycle.pk, state="late")
    assert "来訪者数を選ぶ" in late
    tourism = cast.departments["観光課"]
    Extension.objects.create(
        cycle=cycle,
        department=tourism,
        until=timezone.now() + datetime.timedelta(days=1),
        reason="障害",
    )
    late = page_of(client, "rounds:detail", cycle.pk, state="late")
    assert "来訪者数を選ぶ" not in late
    assert "苦情件数を選ぶ" in late


def test_the_filters_by_department_and_area(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.coordinator)
    page = page_of(client, "rounds:detail", cycle.pk, department=cast.departments["農水産課"].pk)
    assert "苦情件数を選ぶ" in page
    assert "来訪者数を選ぶ" not in page
    page = page_of(client, "rounds:detail", cycle.pk, area="行政")
    assert "端末の更新台数を選ぶ" in page
    assert "来訪者数を選ぶ" not in page


def test_the_queries_of_the_page_do_not_grow_with_the_round(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, django_assert_max_num_queries
) -> None:
    client = sign_in(cast.coordinator)
    address = reverse("rounds:detail", args=[cycle.pk])
    client.get(address)
    with django_assert_max_num_queries(60) as before:
        client.get(address)
    for number in range(30):
        made = cast.indicator(f"増{number}", department=cast.departments["農水産課"])
        cast.use(made, cast.measures["観光2"])
    ask(cycle)
    with django_assert_max_num_queries(len(before)):
        assert "増29" in client.get(address).content.decode()


# Moving it


def test_each_move_tells_what_follows(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    client = sign_in(cast.coordinator)
    assert "まだ提出されていない項目が6件" in page_of(client, "rounds:move", cycle.pk, to="closed")
    answer = client.get(reverse("rounds:move", args=[cycle.pk]), {"to": "published"}, follow=True)
    assert "ここからその状態には移せません" in answer.content.decode()


def test_settling_what_nobody_approved_needs_a_reason(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    ReportingCycle.objects.filter(pk=cycle.pk).update(state=State.CLOSED)
    client, address = sign_in(cast.coordinator), reverse("rounds:move", args=[cycle.pk])
    assert "承認されていない項目が6件" in page_of(client, "rounds:move", cycle.pk, to="final")
    answer = client.post(f"{address}?to=final", {"row_version": 1})
    assert answer.status_code == 422
    cycle.refresh_from_db()
    assert cycle.state == State.CLOSED
    answer = client.post(f"{address}?to=final", {"row_version": 1, "reason": "本部会議の決定"})
    assert answer.status_code == 302
    cycle.refresh_from_db()
    assert cycle.state == State.FINAL
    assert set(cycle.items.values_list("state", flat=True)) == {"final"}


def test_a_step_back_needs_a_reason(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    client, address = sign_in(cast.coordinator), reverse("rounds:move", args=[cycle.pk])
    assert client.post(f"{address}?to=preparing", {"row_version": 1}).status_code == 422
    form = {"row_version": 1, "reason": "内容を直すため"}
    assert client.post(f"{address}?to=preparing", form).status_code == 302


def test_who_moves_from_an_old_page_moves_nothing(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    ReportingCycle.objects.filter(pk=cycle.pk).update(version=2)
    address = reverse("rounds:move", args=[cycle.pk])
    answer = sign_in(cast.coordinator).post(f"{address}?to=closed", {"row_version": 1}, follow=True)
    assert "ほかの人が先に" in answer.content.decode()
    cycle.refresh_from_db()
    assert cycle.state == State.OPEN


# Acts on many


def test_a_bulk_act_is_asked_first_and_then_done_one_by_one(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    enter(cast, "立案数", "7")
    done = submit(cycle, cast, "立案数")
    open_item = item_of(cycle, cast, "来訪者")
    client, address = sign_in(cast.coordinator), reverse("rounds:act", args=[cycle.pk])
    form = {"act": "return", "item": chosen(done, open_item)}
    page = client.post(address, form).content.decode()
    assert "できません：" in page
    done.refresh_from_db()
    assert done.state == RoundItem.State.SUBMITTED

    assert client.post(address, form | {"confirmed": "1"}).status_code == 422
    page = client.post(address, form | {"confirmed": "1", "reason": "根拠を添えて"})
    text = page.content.decode()
    assert "1件を差し戻しました" in text
    assert "できなかった項目が1件" in text
    assert "来訪者数" in text
    done.refresh_from_db()
    assert done.is_returned
    assert Notice.objects.filter(user=cast.editor, kind="returned").count() == 1
    entries = AuditEntry.objects.filter(action="rounditem.return")
    assert [entry.reason for entry in entries] == ["根拠を添えて"]


def test_what_somebody_moved_meanwhile_is_refused_by_name(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    enter(cast, "立案数", "7")
    item = submit(cycle, cast, "立案数")
    RoundItem.objects.filter(pk=item.pk).update(version=item.version + 1)
    form = {"act": "approve", "item": chosen(item), "confirmed": "1"}
    address = reverse("rounds:act", args=[cycle.pk])
    page = sign_in(cast.coordinator).post(address, form).content.decode()
    assert "ほかの人が先に動かしました" in page
    item.refresh_from_db()
    assert item.state == RoundItem.State.SUBMITTED


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("items", {(None, "来訪者数")}), ("departments", {("観光課", None)}), ("all", {(None, None)})],
)
def test_more_time_for_items_departments_or_all(
    cast: Cast,
    cycle: ReportingCycle,
    sign_in: SignIn,
    scope: str,
    expected: set[tuple[str | None, str | None]],
) -> None:
    form = {
        "act": "extend",
        "confirmed": "1",
        "item": chosen(item_of(cycle, cast, "来訪者")),
        "scope": scope,
        "until": "2099-01-31",
        "reason": "障害のため",
    }
    address = reverse("rounds:act", args=[cycle.pk])
    page = sign_in(cast.coordinator).post(address, form).content.decode()
    assert "2099年1月31日24:00まで延ばしました" in page
    found = {
        (str(e.department) if e.department else None, str(e.item) if e.item else None)
        for e in Extension.objects.all()
    }
    assert found == expected
    assert {e.until for e in Extension.objects.all()} == {
        datetime.datetime(2099, 2, 1, tzinfo=JAPAN)
    }


def test_an_extension_into_the_past_is_refused_and_grants_nothing(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    items = [item_of(cycle, cast, key) for key in ("来訪者", "立案数")]
    form = {"act": "extend", "confirmed": "1", "item": chosen(*items), "scope": "items"}
    form |= {"until": "2020-01-31", "reason": "障害のため"}
    answer = sign_in(cast.coordinator).post(reverse("rounds:act", args=[cycle.pk]), form)
    assert answer.status_code == 422
    assert "これからの日時" in answer.content.decode()
    assert not Extension.objects.exists()


def test_reminding_tells_the_departments_that_owe(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    form = {"act": "remind", "confirmed": "1", "text": "よろしくお願いします。"}
    form |= {"item": chosen(item_of(cycle, cast, "来訪者"), item_of(cycle, cast, "立案数"))}  # type: ignore[dict-item]
    address = reverse("rounds:act", args=[cycle.pk])
    page = sign_in(cast.coordinator).post(address, form).content.decode()
    assert "1部局の1人に督促しました" in page
    assert "4件残っています" in Notice.objects.get(user=cast.editor, kind="reminded").text


def test_nothing_chosen_and_items_of_other_rounds_do_nothing(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    other = RoundItem.objects.create(
        cycle=cast.last_cycle,  # type: ignore[misc]
        kind="actual",
        object_id=cast.indicators["立案数"].pk,
        label="別の照会の項目",
        state=RoundItem.State.SUBMITTED,
    )
    address = reverse("rounds:act", args=[cycle.pk])
    form = {"act": "approve", "item": chosen(other), "confirmed": "1"}
    answer = sign_in(cast.coordinator).post(address, form, follow=True)
    assert "項目を選んでください" in answer.content.decode()
    other.refresh_from_db()
    assert other.state == RoundItem.State.SUBMITTED


# By the clock


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ((2026, 5, 31, 23, 59, 59), State.OPEN),
        ((2026, 6, 1, 0, 0, 0), State.GRACE),
        ((2026, 6, 7, 23, 59, 59), State.GRACE),
        ((2026, 6, 8, 0, 0, 0), State.CLOSED),
    ],
)
def test_a_round_goes_on_at_midnight_in_japan_and_only_once(
    cast: Cast, cycle: ReportingCycle, now: tuple[int, ...], state: str
) -> None:
    ReportingCycle.objects.filter(pk=cycle.pk).update(
        opens_at=None,
        closes_at=datetime.datetime(2026, 6, 1, tzinfo=JAPAN),
        grace_until=datetime.datetime(2026, 6, 8, tzinfo=JAPAN),
    )
    moment = datetime.datetime(*now, tzinfo=JAPAN)  # type: ignore[misc,arg-type]
    assert advance_rounds(moment) == (state != State.OPEN)
    assert advance_rounds(moment) == 0
    cycle.refresh_from_db()
    assert cycle.state == state
    moves = AuditEntry.objects.filter(action="cycle.move", channel=Channel.JOB)
    assert moves.count() == (state != State.OPEN)


def test_without_a_grace_a_round_closes_at_its_end(cast: Cast, cycle: ReportingCycle) -> None:
    midnight = datetime.datetime(2026, 6, 1, tzinfo=JAPAN)
    ReportingCycle.objects.filter(pk=cycle.pk).update(opens_at=None, closes_at=midnight)
    advance_rounds(midnight)
    cycle.refresh_from_db()
    assert cycle.state == State.CLOSED


def test_settled_rounds_and_those_without_an_end_stay(cast: Cast, cycle: ReportingCycle) -> None:
    ReportingCycle.objects.filter(pk=cycle.pk).update(opens_at=None, closes_at=None)
    assert advance_rounds(datetime.datetime(2090, 1, 1, tzinfo=JAPAN)) == 0


# One item


def test_an_item_shows_all_that_happened_to_it(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    enter(cast, "立案数", "７件", note="3事業を新設")
    item = submit(cycle, cast, "立案数")
    move_item(as_person(cast.approver), item, Step.RETURN, item.version, "根拠を添えて")
    page = page_of(sign_in(cast.viewer), "rounds:item", item.pk)
    assert "3事業を新設" in page
    assert "照会の項目の差戻し" in page
    assert "理由：根拠を添えて" in page
    assert "江出 太郎" in page
    assert "承認する" not in page


def test_a_cleared_value_stays_in_the_history_and_in_the_past(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    first = enter(cast, "立案数", "31")
    clear_actual(as_person(cast.editor), cast.indicators["立案数"], THIS_YEAR, first.version)
    enter(cast, "立案数", "7")
    item = item_of(cycle, cast, "立案数")
    page = page_of(sign_in(cast.viewer), "rounds:item", item.pk)
    assert "の取消" in page
    assert ">31<" in page


def test_the_page_shows_a_past_day_and_refuses_what_is_no_day(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    enter(cast, "立案数", "7")
    item, client = item_of(cycle, cast, "立案数"), sign_in(cast.viewer)
    today = timezone.localdate()
    page = page_of(client, "rounds:item", item.pk, at=today.isoformat())
    assert "の終わりの状態です" in page
    yesterday = (today - datetime.timedelta(days=1)).isoformat()
    page = page_of(client, "rounds:item", item.pk, at=yesterday)
    assert "まだ何も入力されていませんでした" in page
    for wrong in ("2099-01-01", "きのう", "2026-02-31"):
        page = page_of(client, "rounds:item", item.pk, at=wrong)
        assert "今日までの日付を入れてください" in page


def test_people_of_the_item_write_to_each_other(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = item_of(cycle, cast, "立案数")
    address = reverse("rounds:comment", args=[item.pk])
    answer = sign_in(cast.coordinator).post(address, {"text": "内訳を教えてください。"})
    assert answer.status_code == 302
    assert Notice.objects.filter(user=cast.editor, kind="comment").count() == 1
    page = page_of(sign_in(cast.editor), "rounds:item", item.pk)
    assert "内訳を教えてください。" in page
    answer = sign_in(cast.coordinator).post(address, {"text": "　"})
    assert answer.status_code == 422
    assert "内容を書いてください" in answer.content.decode()
    assert sign_in(cast.viewer).post(address, {"text": "拝見"}).status_code == 403
    assert item.comments.count() == 1


def test_what_nobody_answers_for_the_office_approves_by_another_person(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    cast.indicator("所管なし")
    cast.use(cast.indicators["所管なし"], cast.measures["観光1"])
    ask(cycle)
    coordinator = as_person(cast.coordinator)
    entry = ActualEntry("3")
    record_actual(coordinator, cast.indicators["所管なし"], THIS_YEAR, entry, None)
    item = item_of(cycle, cast, "所管なし")
    item = move_item(coordinator, item, Step.SUBMIT, item.version)
    form = {"step": "approve", "version": item.version}
    address = reverse("rounds:step", args=[item.pk])
    answer = sign_in(cast.coordinator).post(address, form)
    assert answer.status_code == 422
    assert "自分で入力・提出したため" in answer.content.decode()
    second = User.objects.create(username="second", organization=cast.city)
    RoleAssignment.objects.create(user=second, role=Role.COORDINATOR, organization=cast.city)
    assert sign_in(second).post(address, form).status_code == 302
    item.refresh_from_db()
    assert item.approved_by == second


# Corrections


CORRECTION = {"value": "5", "status": "reported", "reason": "二重に数えていたため"}


def correction_address(cast: Cast, year: int = 2024) -> str:
    cycle = ReportingCycle.objects.get(plan=cast.plan, fiscal_year=year)
    return reverse("rounds:correct", args=[cycle.pk, "actual", cast.indicators["立案数"].pk])


def test_a_settled_value_is_corrected_and_told_of(cast: Cast, sign_in: SignIn) -> None:
    client, address = sign_in(cast.coordinator), correction_address(cast)
    indicator_page = page_of(client, "kpi:indicator", cast.indicators["立案数"].pk)
    assert address in indicator_page
    assert "訂正後（正）" in client.get(address).content.decode()
    answer = client.post(
        address, CORRECTION | {"note": "前年度並み", "row_version": 1}, follow=True
    )
    page = answer.content.decode()
    assert "二重に数えていたため" in page
    correction = Correction.objects.get()
    assert (correction.before, correction.after) == ("6", "5")
    told = page_of(sign_in(cast.viewer), "kpi:indicator", cast.indicators["立案数"].pk)
    assert "6 → 5" in drawn(told)
    csv = client.get(reverse("rounds:corrections", args=[cast.plan.pk]), {"format": "csv"})
    assert "二重に数えていたため" in csv.content.decode("utf-8-sig")
    xlsx = client.get(reverse("rounds:corrections", args=[cast.plan.pk]), {"format": "xlsx"})
    assert xlsx.content.startswith(b"PK")


def test_a_correction_needs_a_reason_and_keeps_what_was_typed(cast: Cast, sign_in: SignIn) -> None:
    form = CORRECTION | {"reason": "", "row_version": 1}
    answer = sign_in(cast.coordinator).post(correction_address(cast), form)
    assert answer.status_code == 422
    assert 'value="5"' in answer.content.decode()
    assert not Correction.objects.exists()


def test_a_value_that_cannot_be_is_refused_at_its_field(cast: Cast, sign_in: SignIn) -> None:
    form = CORRECTION | {"value": "約5", "row_version": 1}
    answer = sign_in(cast.coordinator).post(correction_address(cast), form)
    assert answer.status_code == 422
    assert "「約5」は正確な値として読めません" in answer.content.decode()


def test_who_corrects_second_sees_both_values_and_decides(cast: Cast, sign_in: SignIn) -> None:
    actual = Actual.objects.get(indicator=cast.indicators["立案数"], fiscal_year=2024)
    Actual.objects.filter(pk=actual.pk).update(value=4, version=2)
    client, form = sign_in(cast.coordinator), CORRECTION | {"row_version": 1}
    answer = client.post(correction_address(cast), form)
    assert answer.status_code == 409
    page = drawn(answer.content.decode())
    assert "<td>4</td><td>5</td>" in page
    assert 'name="row_version" value="2"' in page
    assert not Correction.objects.exists()
    assert client.post(correction_address(cast), form | {"row_version": 2}).status_code == 302
    assert Correction.objects.count() >= 1


def test_an_unsettled_year_is_entered_not_corrected(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.coordinator).get(correction_address(cast, 2025), follow=True)
    assert "確定していないため" in answer.content.decode()


def test_only_the_office_is_offered_a_correction(cast: Cast, sign_in: SignIn) -> None:
    page = page_of(sign_in(cast.editor), "kpi:indicator", cast.indicators["立案数"].pk)
    assert "確定した値の訂正" not in page
