"""The entry grid: whose rows, in what order, at what cost; what a save answers; submitting."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.audit import Actor
from accounts.models import Channel, User
from budgets.models import BudgetEntry
from dxportal.rounds.asking import ask
from dxportal.rounds.grid import row_of
from kpi.models import Actual
from plans.models import ReportingCycle, RoundItem
from plans.procedure import NotReady, Step, grant_extension, move_item, submit_package
from projects.models import Review, ScheduleEntry
from tests.cast import LAST_YEAR, THIS_YEAR, Cast, actual, grow

SignIn = Callable[[User], Client]
PAGE = "/rounds/entry/"
JSON = "application/json"
State = RoundItem.State
PLANS_MADE = "データを活用した事業立案数"


@pytest.fixture
def cycle(cast: Cast) -> ReportingCycle:
    """The open round of the cast, asking for everything."""
    found = cast.open_cycle
    assert found is not None
    found.asks_progress = found.asks_settlements = True
    found.save()
    found.review_levels.set([cast.levels["issue"]])
    ask(found)
    return found


def item_of(cycle: ReportingCycle, thing: Any, kind: str = "actual") -> RoundItem:
    return RoundItem.objects.get(cycle=cycle, kind=kind, object_id=thing.pk)


def send(
    client: Client, item: RoundItem, version: str = "0", user: str = "", **values: str
) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"version": version, "values": values})
    address = reverse("rounds:entry_item", args=[item.pk])
    answer = client.post(address, body, JSON, headers={"X-Entry-User": user})
    return answer.status_code, answer.json()


def rows_on(page: Any) -> list[Any]:
    return [row for section in page.context["sections"] for row in section.rows]


# Whose rows


def test_an_editor_sees_what_the_own_department_owes(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    page = sign_in(cast.editor).get(PAGE)
    sections = {section.kind: section for section in page.context["sections"]}
    assert list(sections) == ["actual", "progress", "review", "settlement"]
    assert {row.title for row in sections["actual"].rows} == {
        "データを活用した事業立案数",
        "来訪者数",
        "満足度",
        "研修の回数",
    }
    assert [group.name for group in sections["actual"].groups] == [
        "まちづくり ＞ 観光 ＞ データにもとづく観光戦略",
        "まちづくり ＞ 観光 ＞ データにもとづく観光戦略 ＞ 戦略の策定",
        "まちづくり ＞ 観光 ＞ デジタルプロモーションの推進",
    ]
    assert {row.title for row in sections["progress"].rows} == {
        "ＳＮＳデータの分析",
        "マーケティングレポート",
    }
    assert "学習用端末" not in page.content.decode()
    assert "他市" not in page.content.decode()


def test_the_past_and_the_target_stand_beside_the_cell(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    page = sign_in(cast.editor).get(PAGE).content.decode()
    row = page[page.index('data-title="来訪者数"') :].partition("</tr>")[0]
    assert row.index("11,800") < row.index("12,345") < row.index("20,000")


@pytest.mark.parametrize("name", ["approver", "viewer", "admin", "outsider"])
def test_who_enters_nothing_is_told_so(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, name: str
) -> None:
    page = sign_in(cast.people[name]).get(PAGE)
    assert page.status_code == 200
    assert page.context["cycle"] is None
    assert "ありません" in page.content.decode()


def test_the_office_enters_what_no_department_answers_for(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = item_of(cycle, cast.indicators["来訪者"])
    RoundItem.objects.filter(pk=item.pk).update(department=None)
    type(cast.indicators["来訪者"]).objects.filter(key="来訪者").update(department=None)
    client = sign_in(cast.coordinator)
    assert "来訪者数" in [row.title for row in rows_on(client.get(PAGE))]
    assert send(client, item, value="21000")[0] == 200
    assert "来訪者数" not in [row.title for row in rows_on(sign_in(cast.editor).get(PAGE))]


@pytest.mark.parametrize("more", [0, 60])
@pytest.mark.parametrize(("person", "queries"), [("editor", 21), ("coordinator", 20)])
def test_the_number_of_queries_does_not_grow(
    cast: Cast,
    cycle: ReportingCycle,
    sign_in: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    more: int,
    person: str,
    queries: int,
) -> None:
    grow(cast, more)
    ask(cycle)
    if person == "coordinator":
        cycle.items.update(department=None)
    client = sign_in(cast.people[person])
    with django_assert_num_queries(queries):
        page = client.get(PAGE)
    assert len(rows_on(page)) > 4 * more


# Saving a cell


@pytest.mark.parametrize(
    ("kind", "version", "values", "again", "queries"),
    [
        ("actual", "0", {"value": "7"}, {"value": "8"}, 19),
        ("progress", "0.0", {"result": "進めた。"}, {"result": "終えた。"}, 22),
        ("settlement", "0.0", {"settled_amount": "7"}, {"settled_amount": "8"}, 23),
    ],
)
def test_a_save_costs_so_many_queries(
    cast: Cast,
    cycle: ReportingCycle,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    kind: str,
    version: str,
    values: dict[str, str],
    again: dict[str, str],
    queries: int,
) -> None:
    """However much the round asks for; the first save of a row also moves it and its package."""
    grow(cast, 20)
    ask(cycle)
    things = {"actual": cast.indicators["立案数"], "progress": cast.projects["観光1-2-2"]}
    item = item_of(cycle, things.get(kind, cast.projects["観光1-2-2"]), kind)
    client = sign_in(cast.editor)
    with django_assert_max_num_queries(queries + 7):
        status, told = send(client, item, version, **values)
    assert status == 200
    with django_assert_max_num_queries(queries):
        assert send(client, item, told["version"], **again)[0] == 200


def test_a_save_answers_what_was_understood(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    cast.marks["on_schedule"].threshold = 90
    cast.marks["on_schedule"].save()
    item = item_of(cycle, cast.indicators["来訪者"])
    status, told = send(sign_in(cast.editor), item, value="２１，０００人", note="増えた")
    assert status == 200
    assert told["understood"] == "21,000人"
    assert told["values"]["value"] == "21000"
    assert told["version"] == "1"
    assert told["achievement"]["text"] == "105.0%"
    assert "実績 21,000 ÷ 目標 20,000" in told["achievement"]["formula"]
    assert told["achievement"]["mark"] == "○ 予定どおり"
    assert "江出 太郎" in told["saved_by"]
    assert Actual.objects.get(indicator__key="来訪者", fiscal_year=THIS_YEAR).value == 21000
    item.refresh_from_db()
    assert item.state == State.DRAFT
    assert item.entered_by == cast.editor


def test_a_save_may_warn(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    item = item_of(cycle, cast.indicators["来訪者"])
    status, told = send(sign_in(cast.editor), item, value="1234")
    assert status == 200
    assert told["needs_comment"]
    assert any("90%減って" in warning for warning in told["warnings"])
    (row,) = [r for r in rows_on(sign_in(cast.editor).get(PAGE)) if r.item == item]
    assert row.state == "warned"
    status, told = send(sign_in(cast.editor), item, "1", note="台風による休業")
    assert not told["needs_comment"]


@pytest.mark.parametrize(
    ("values", "cell", "sentence"),
    [
        ({"value": "約7"}, "value", "正確な値として読めません"),
        ({"value": "集計中"}, "value", "未集計"),
        ({"note": "コメントだけ"}, "value", "数値が必要です"),
        ({"value": "7", "status": "not_yet"}, "value", "数値を空欄にしてください"),
        ({"value": "7", "status": "nonsense"}, "status", "選んで"),
        ({"value": "7", "nonsense": "1"}, "nonsense", "入力できません"),
    ],
)
def test_a_refusal_names_its_cell_and_changes_nothing(
    cast: Cast,
    cycle: ReportingCycle,
    sign_in: SignIn,
    values: dict[str, str],
    cell: str,
    sentence: str,
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    status, told = send(sign_in(cast.editor), item, **values)
    assert status == 422
    assert sentence in "".join(told["errors"][cell])
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"value": "0"}, "0件"),
        ({"status": "not_applicable"}, "該当なし"),
        ({"status": "not_yet"}, "未集計"),
        ({"value": "", "status": "reported"}, ""),
    ],
)
def test_zero_empty_and_the_words_stay_four_things(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, values: dict[str, str], shown: str
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    status, told = send(sign_in(cast.editor), item, **values)
    assert (status, told["understood"], told["filled"]) == (200, shown, bool(shown))


def test_a_conflict_tells_both_values_who_and_when(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["立案数"])
    send(client, item, value="7")
    status, told = send(client, item, value="9")
    assert status == 409
    assert told["both"] == [{"label": "実績値", "theirs": "7", "mine": "9"}]
    assert "江出 太郎" in told["reason"]
    assert f"{timezone.localtime():%-m月%-d日}" in told["reason"]
    assert Actual.objects.get(indicator__key="立案数", fiscal_year=THIS_YEAR).value == 7
    # Having seen theirs, the person chooses the own one.
    assert send(client, item, told["version"], value="9")[0] == 200


def test_sending_again_what_is_stored_does_no_harm(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["来訪者"])
    send(client, item, value="21,000人")
    status, told = send(client, item, value="21,000人")  # its answer was lost on the way
    assert (status, told["version"]) == (200, "1")


def test_emptying_takes_an_entry_back(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["立案数"])
    send(client, item, value="7")
    status, told = send(client, item, "1", value="")
    assert (status, told["filled"], told["version"]) == (200, False, "0")
    assert not Actual.objects.filter(indicator__key="立案数", fiscal_year=THIS_YEAR).exists()
    item.refresh_from_db()
    assert item.state == State.UNTOUCHED
    # What somebody took back meanwhile is a conflict, not a mystery.
    assert send(client, item, "1", value="9")[0] == 409


def test_the_counts_of_a_rate_are_kept(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    rate = cast.indicators["満足度"]
    rate.numerator_label, rate.denominator_label = "満足した人", "回答した人"
    rate.save()
    client, item = sign_in(cast.editor), item_of(cycle, rate)
    status, told = send(client, item, numerator="170", denominator="200")
    assert (status, told["values"]["value"]) == (200, "85")
    status, told = send(client, item, "1", numerator="180")
    assert (status, told["values"]["value"]) == (200, "90")
    status, told = send(client, item, "2", note="調査の対象を広げた")
    assert (status, told["values"]["numerator"]) == (200, "180")
    status, told = send(client, item, "3", value="50")
    assert status == 422


def test_progress_is_saved_in_one_step(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    project = cast.projects["観光1-1-7"]
    client, item = sign_in(cast.editor), item_of(cycle, project, "progress")
    values = {"stage": "operate", "mark": "behind", "result": "公開した。"}
    status, told = send(client, item, "0.1", **values)
    assert status == 200
    assert told["version"] == "1.2"
    assert told["needs_comment"]  # behind without a reason
    review = Review.objects.get(project=project, fiscal_year=THIS_YEAR)
    assert (review.mark, review.result) == (cast.marks["behind"], "公開した。")
    assert ScheduleEntry.objects.get(project=project, fiscal_year=THIS_YEAR).actual == "operate"
    status, told = send(client, item, told["version"], result="直した。", stage="nonsense")
    assert status == 422
    assert "stage" in told["errors"]
    review.refresh_from_db()
    assert review.result == "公開した。"  # nothing is saved by halves
    assert send(client, item, "1.2", mark="nonsense")[0] == 422


def test_a_measure_is_reviewed(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    item = item_of(cycle, cast.measures["観光1"], "review")
    values = {"mark": "on_schedule", "summary": "順調に進んだ。"}
    status, told = send(sign_in(cast.editor), item, **values)
    assert (status, told["filled"]) == (200, True)
    review = Review.objects.get(measure=cast.measures["観光1"], fiscal_year=THIS_YEAR)
    assert review.summary == "順調に進んだ。"


def test_settled_figures_are_typed_in_thousands_or_yen(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    project = cast.projects["観光1-1-7"]
    client, item = sign_in(cast.editor), item_of(cycle, project, "settlement")
    status, told = send(client, item, "0.0", forecast_amount="1,200", settled_amount="1,234,567円")
    assert status == 200
    assert told["understood"] == "決算見込 120万円、決算 123万4,567円"
    assert told["values"]["settled_amount"] == "1,234,567円"
    settled = BudgetEntry.objects.get(project=project, stage="settled")
    assert settled.amount == 1_234_567
    sources = {
        f"forecast_{name}": text
        for name, text in zip(BudgetEntry.SOURCES, ("400", "0", "0", "0", "801"), strict=True)
    }
    status, told = send(client, item, told["version"], **sources)
    assert status == 422
    assert "合計が金額と一致しません" in "".join(told["errors"]["forecast_amount"])
    assert send(client, item, "1.1", **{**sources, "forecast_general": "800"})[0] == 200
    status, told = send(client, item, "2.1", settled_amount="１億円くらい")
    assert status == 422
    assert "settled_amount" in told["errors"]


def test_yen_typed_for_thousands_of_yen_ask_for_a_reason(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    project = cast.projects["観光1-1-7"]
    BudgetEntry.objects.create(
        project=project, fiscal_year=THIS_YEAR, stage="initial", amount=1_200_000
    )
    client, item = sign_in(cast.editor), item_of(cycle, project, "settlement")
    status, told = send(client, item, "0.0", settled_amount="1,190,000")
    assert (status, told["needs_comment"]) == (200, True)
    assert "決算は、予算現額（120万円）の約1,000倍です" in told["warnings"][0]
    entering = Actor(cast.editor, Channel.PAGE)
    with pytest.raises(NotReady):
        submit_package(entering, cycle, cast.departments["観光課"])
    # What was meant is mended, or said: both let it be submitted.
    status, told = send(client, item, "0.1", settled_note="県の基金を含むため")
    assert (status, told["needs_comment"], len(told["warnings"])) == (200, False, 1)
    status, told = send(client, item, "0.2", settled_amount="1,190,000円")
    assert (status, told["warnings"]) == (200, [])
    assert submit_package(entering, cycle, cast.departments["観光課"])


def test_another_person_in_another_tab_writes_nothing(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    client = sign_in(cast.editor)
    for person in (client, sign_in(cast.outsider)):
        status, told = send(person, item, user=str(cast.approver.pk), value="7")
        assert status == 401
        assert "ほかの利用者" in told["reason"]
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()
    assert send(client, item, user=str(cast.editor.pk), value="7")[0] == 200


@pytest.mark.parametrize("body", ["[]", '{"values": 1, "version": ""}', "\ufffd"])
def test_nonsense_is_not_an_error_of_the_server(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, body: str
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    address = reverse("rounds:entry_item", args=[item.pk])
    assert sign_in(cast.editor).post(address, body, JSON).status_code == 404


# Locks


def test_what_is_submitted_is_locked_and_says_so(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["立案数"])
    send(client, item, value="9")
    move_item(Actor(cast.editor, Channel.PAGE), item, Step.SUBMIT, 2)
    status, told = send(client, item, "1", value="8")
    assert status == 423
    assert "「提出」のため" in told["reason"]
    row = next(r for r in rows_on(client.get(PAGE)) if r.item == item)
    assert "取り下げ" in row.locked_reason
    assert row.state == "locked"


def test_after_the_deadline_a_form_that_was_open_is_refused(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["立案数"])
    ReportingCycle.objects.filter(pk=cycle.pk).update(
        closes_at=timezone.now() - datetime.timedelta(seconds=1)
    )
    status, told = send(client, item, value="7")
    assert status == 423
    assert "締め切りました" in told["reason"]
    page = client.get(PAGE)
    assert all("締め切った" in row.locked_reason for row in rows_on(page))
    # More time for one item opens that one alone.
    cycle.refresh_from_db()
    until = timezone.now() + datetime.timedelta(days=1)
    grant_extension(Actor(cast.coordinator, Channel.PAGE), cycle, until, "調査の遅れ", item=item)
    page = client.get(PAGE)
    open_rows = [row.title for row in rows_on(page) if not row.locked_reason]
    assert open_rows == ["データを活用した事業立案数"]
    assert page.context["deadline"].at == until
    assert send(client, item, value="7")[0] == 200


# Without scripts


def test_a_form_saves_and_goes_back_to_the_row(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["立案数"])
    address = reverse("rounds:entry_item", args=[item.pk])
    answer = client.post(address, {"version": "0", "value": "7", "status": "reported"})
    assert answer.status_code == 302
    assert answer["Location"] == f"{PAGE}?cycle={cycle.pk}#row-{item.pk}"
    answer = client.post(
        address, {"version": "1", "value": "約8", "status": "reported", "note": "<b>メモ</b>"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "正確な値として読めません" in text
    assert 'value="約8"' in text
    assert "&lt;b&gt;メモ&lt;/b&gt;" in text
    assert "<b>メモ" not in text
    answer = client.post(address, {"version": "0", "value": "9", "status": "reported"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "自分の値で保存する" in text
    assert '<input type="hidden" name="version" value="1">' in text
    assert Actual.objects.get(indicator__key="立案数", fiscal_year=THIS_YEAR).value == 7


def test_a_locked_form_keeps_what_was_typed(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    ReportingCycle.objects.filter(pk=cycle.pk).update(state="closed")
    address = reverse("rounds:entry_item", args=[item.pk])
    form = {"version": "0", "value": "77", "status": "reported"}
    answer = sign_in(cast.editor).post(address, form)
    assert answer.status_code == 423
    assert "実績値：" in answer.content.decode()
    assert "77" in answer.content.decode()


# Submitting


def test_unusual_figures_are_not_submitted_without_a_comment(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, item = sign_in(cast.editor), item_of(cycle, cast.indicators["来訪者"])
    send(client, item, value="1234")
    actor = Actor(cast.editor, Channel.PAGE)
    with pytest.raises(NotReady, match="「来訪者数」。警告の理由") as refused:
        submit_package(actor, cycle, cast.departments["観光課"])
    assert list(refused.value.refusals) == [item]
    item.refresh_from_db()
    with pytest.raises(NotReady):
        move_item(actor, item, Step.SUBMIT, item.version)
    address = f"{reverse('rounds:entry_submit')}?cycle={cycle.pk}"
    form = {"department": cast.departments["観光課"].pk, "step": "submit"}
    answer = client.post(address, form)
    assert answer.status_code == 422
    assert "コメントが必要な項目が1件" in answer.content.decode()
    assert not cycle.items.filter(state=State.SUBMITTED).exists()
    send(client, item, "1", note="台風のため")
    assert client.post(address, form).status_code == 302
    assert not cycle.items.filter(department=cast.departments["観光課"]).owed().exists()


def test_the_confirmation_lists_what_is_empty(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    send(client, item_of(cycle, cast.indicators["立案数"]), value="9")
    answer = client.get(f"{reverse('rounds:entry_submit')}?cycle={cycle.pk}")
    (package,) = answer.context["packages"]
    text = answer.content.decode()
    assert f"空欄のまま提出します：{len(package.empty)}件" in text
    assert "研修の回数" in [row.title for row in package.empty]
    assert "自分では承認できません" in text


def test_a_submission_is_taken_back_until_it_is_approved(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client, department = sign_in(cast.editor), cast.departments["観光課"]
    submit_package(Actor(cast.editor, Channel.PAGE), cycle, department)
    address = f"{reverse('rounds:entry_submit')}?cycle={cycle.pk}"
    assert "取り下げる" in client.get(address).content.decode()
    form = {"department": department.pk, "step": "withdraw"}
    assert client.post(address, form).status_code == 302
    assert cycle.items.filter(department=department, state=State.DRAFT).exists()
    submit_package(Actor(cast.editor, Channel.PAGE), cycle, department)
    for item in cycle.items.filter(department=department):
        move_item(Actor(cast.approver, Channel.PAGE), item, Step.APPROVE, item.version)
    assert client.post(address, form).status_code == 422


def test_returned_rows_stand_first_with_the_reason(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    submit_package(Actor(cast.editor, Channel.PAGE), cycle, cast.departments["観光課"])
    item = item_of(cycle, cast.indicators["来訪者"])
    approver = Actor(cast.approver, Channel.PAGE)
    move_item(approver, item, Step.RETURN, item.version, "桁が違います。")
    page = sign_in(cast.editor).get(PAGE)
    first = page.context["sections"][0].groups[0]
    assert [row.title for row in first.rows] == ["来訪者数"]
    assert "桁が違います。" in page.content.decode()


def test_nobody_submits_for_another_department(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    form = {"department": cast.departments["教育委員会"].pk, "step": "submit"}
    address = f"{reverse('rounds:entry_submit')}?cycle={cycle.pk}"
    assert sign_in(cast.editor).post(address, form).status_code == 403
    assert sign_in(cast.approver).get(address).status_code == 403
    assert sign_in(cast.outsider).get(address).status_code == 404
    with pytest.raises(PermissionDenied):
        submit_package(Actor(cast.editor, Channel.PAGE), cycle, cast.departments["教育委員会"])


def test_last_years_row_is_not_this_years(cast: Cast, cycle: ReportingCycle) -> None:
    actual(cast.indicators["苦情"], THIS_YEAR, Decimal(3))
    row = row_of(item_of(cycle, cast.indicators["苦情"]))
    assert row.values["value"] == "3"
    assert [year for year, _ in row.past_texts] == [LAST_YEAR - 1, LAST_YEAR]


def test_the_script_is_told_of_a_missing_right(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = item_of(cycle, cast.indicators["未入力"])
    status, told = send(sign_in(cast.editor), item, value="7")
    assert status == 403
    assert "ほかの部局" in told["reason"]


def test_what_was_deleted_since_is_not_there(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = item_of(cycle, cast.indicators["立案数"])
    RoundItem.objects.filter(pk=item.pk).update(object_id=999_999)
    client = sign_in(cast.editor)
    assert PLANS_MADE not in [row.title for row in rows_on(client.get(PAGE))]
    address = reverse("rounds:entry_item", args=[item.pk])
    assert client.get(address).status_code == 404
    # It hinders nobody from submitting the rest.
    department = cast.departments["観光課"]
    assert submit_package(Actor(cast.editor, Channel.PAGE), cycle, department)


@pytest.mark.parametrize("kind", ["actual", "progress", "review", "settlement"])
def test_each_kind_can_be_asked_for_as_json_and_as_a_page(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, kind: str
) -> None:
    item = cycle.items.filter(kind=kind, department=cast.departments["観光課"]).first()
    address = reverse("rounds:entry_item", args=[item.pk])
    client = sign_in(cast.editor)
    assert client.get(address, headers={"Accept": JSON}).json()["filled"] is False
    assert item.label in client.get(address).content.decode()
