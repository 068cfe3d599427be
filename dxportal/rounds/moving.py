"""What a coordinator is told before a round moves: what comes next, and what a move means."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Count, Q
from django.utils import timezone

from dxportal.rounds.asking import items_asked
from dxportal.rounds.board import Tally
from plans.models import ReportingCycle, RoundItem
from plans.services import CYCLE_MOVES, ORDER

State = ReportingCycle.State
VERBS = {
    State.PREPARING: "準備に戻す",
    State.OPEN: "入力を始める",
    State.GRACE: "猶予に移す",
    State.CLOSED: "入力を締め切る",
    State.FINAL: "確定する",
    State.PUBLISHED: "公表済みにする",
}


@dataclass(frozen=True)
class Move:
    """A state that the round may go to."""

    to: str
    label: str
    is_back: bool


def moves_of(cycle: ReportingCycle) -> list[Move]:
    """Forward ones first, the nearest first; a grace that was not planned is not offered."""
    at = ORDER.index(cycle.state)
    offered = CYCLE_MOVES[cycle.state] - (set() if cycle.grace_until else {State.GRACE})
    found = sorted(offered, key=lambda to: (ORDER.index(to) < at, ORDER.index(to)))
    return [Move(to, label_of(cycle, to), ORDER.index(to) < at) for to in found]


def label_of(cycle: ReportingCycle, to: str) -> str:
    if ORDER.index(to) > ORDER.index(cycle.state):
        return VERBS[State(to)]
    return f"「{State(to).label}」に戻す"


def needs_reason(cycle: ReportingCycle, to: str, waiting: int) -> bool:
    """Whether the move has to be explained; `waiting` items nobody has approved."""
    is_back = ORDER.index(to) < ORDER.index(cycle.state)
    return is_back or (to == State.FINAL and waiting > 0)


class HowFar(Protocol):
    """How many items of a round are where; `board.Tally` and `Counts` are."""

    @property
    def total(self) -> int: ...
    @property
    def owed(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def returned(self) -> int: ...
    @property
    def late(self) -> int: ...


@dataclass(frozen=True)
class Counts:
    """The counts alone, for where no item is shown. `late` leaves extensions out of account."""

    total: int = 0
    owed: int = 0
    waiting: int = 0
    returned: int = 0
    late: int = 0


def counts_of(cycles: Iterable[ReportingCycle]) -> dict[int, Counts]:
    """The counts of several rounds, in one query."""
    by_pk = {cycle.pk: cycle for cycle in cycles}
    now = timezone.now()
    found = (
        RoundItem.objects.filter(cycle__in=by_pk)
        .order_by()
        .values("cycle_id")
        .annotate(
            total=Count("pk"),
            owed=Count("pk", filter=Q(state__in=RoundItem.ENTRY_STATES)),
            waiting=Count("pk", filter=Q(state=RoundItem.State.SUBMITTED)),
            returned=Count("pk", filter=Q(state=RoundItem.State.DRAFT) & ~Q(return_reason="")),
        )
    )
    counts = {}
    for row in found:
        end = by_pk[row["cycle_id"]].closes_at
        is_over = end is not None and end <= now
        counts[row["cycle_id"]] = Counts(
            row["total"],
            row["owed"],
            row["waiting"],
            row["returned"],
            late=row["owed"] if is_over else 0,
        )
    return counts


@dataclass(frozen=True)
class NextAct:
    """What the coordinator has to do now: a sentence, and where to do it.

    `shown` picks out the items that it is about (the page's filter by state), with the words of
    the link to them; where `moves` is true, going on to the next state is what there is to do.
    """

    text: str
    shown: str = ""
    link: str = ""
    moves: bool = False


def next_act(cycle: ReportingCycle, tally: HowFar) -> NextAct:
    match cycle.state:
        case State.PREPARING:
            first = "" if cycle.closes_at else "入力期限を決め、"
            return NextAct(f"{first}照会する内容を確かめて、入力を始めてください。", moves=True)
        case State.OPEN | State.GRACE:
            return _while_entering(cycle, tally)
        case State.CLOSED:
            return _before_settling(tally)
        case State.FINAL:
            return NextAct(
                "値は確定しています。報告書を作り、公表の準備ができたら公表済みにしてください。",
                moves=True,
            )
        case _:
            return NextAct(
                "この照会は終わりました。誤りが見つかったときは、指標の画面から訂正できます。"
            )


def _while_entering(cycle: ReportingCycle, tally: HowFar) -> NextAct:
    if not cycle.accepts_entries():
        text = "期限を過ぎたため、入力は止まっています。締め切るか、期限を延ばしてください。"
        return NextAct(text, moves=True)
    if tally.late:
        text = f"期限を過ぎても提出されていない項目が{tally.late}件あります。督促してください。"
        return NextAct(text, "late", "期限を過ぎた項目を見る")
    returned = f"そのうち{tally.returned}件は差し戻したものです。" if tally.returned else ""
    if tally.owed:
        text = f"{tally.total}件のうち{tally.owed}件の提出を待っています。{returned}"
        return NextAct(text, "owed", "未提出の項目を見る")
    if tally.waiting:
        text = f"すべて提出されました。{tally.waiting}件が所属長の承認を待っています。"
        return NextAct(text, "waiting", "承認待ちの項目を見る")
    return NextAct("すべての項目が承認されました。入力を締め切ってください。", moves=True)


def _before_settling(tally: HowFar) -> NextAct:
    if tally.owed:
        text = (
            f"まだ提出されていない項目が{tally.owed}件あります。督促するか、期限を延長するか、"
            "このまま確定するかを決めてください。"
        )
        return NextAct(text, "owed", "未提出の項目を見る")
    if tally.waiting:
        text = (
            f"承認されていない項目が{tally.waiting}件あります。所属長の承認を待つか、"
            "事務局で承認してください。"
        )
        return NextAct(text, "waiting", "承認待ちの項目を見る")
    return NextAct("すべての項目が承認されました。内容を確かめて確定してください。", moves=True)


def consequences(cycle: ReportingCycle, to: str, tally: Tally) -> list[str]:
    """What follows from the move, for the page that asks whether it is meant."""
    now = timezone.now()
    end = cycle.entry_ends_at
    is_over = end is not None and end <= now
    said = []
    match cycle.state, to:
        case State.PREPARING, State.OPEN:
            asked = items_asked(cycle)
            departments = {item.department_id for item in asked} - {None}
            said.append(
                f"{len(asked)}件の項目ができ、{len(departments)}の部局の入力担当に知らせます。"
            )
            if nobodys := sum(item.department_id is None for item in asked):
                said.append(f"所管課の記載がない{nobodys}件は、事務局が入力します。")
            if cycle.closes_at is None:
                said.append("入力期限がないため、締め切るまで入力できます。")
        case _, State.PREPARING:
            said.append("入力できなくなります。入力された値と提出の状態は残ります。")
        case _, State.OPEN | State.GRACE:
            said.append("提出していない項目を、また入力できるようになります。")
            if to == State.GRACE and not cycle.grace_until:
                said.append("猶予期限がないため、入力期限までの入力になります。")
        case State.FINAL, State.CLOSED:
            said.append("確定を取り消し、すべての項目が確定する前の状態に戻ります。")
            said.append("差し戻せば、また入力できるようになります。")
        case _, State.CLOSED:
            said.append("期限を延長した部局と項目のほかは、入力できなくなります。")
            if tally.owed:
                said.append(f"まだ提出されていない項目が{tally.owed}件あります。")
        case State.PUBLISHED, State.FINAL:
            said.append("公表済みの扱いをやめます。値は確定したままです。")
        case _, State.FINAL:
            said.append(
                f"{tally.total}件の値がすべて確定し、以後は理由を付けた訂正だけになります。"
            )
            if left := tally.total - tally.approved:
                said.append(f"承認されていない項目が{left}件あります。確定するには理由が必要です。")
            if empty := tally.total - tally.filled:
                said.append(f"何も入力されていない項目が{empty}件あり、空欄のまま確定します。")
        case _, State.PUBLISHED:
            said.append("公表済みの年度になります。値は訂正でしか変わりません。")
    if to in ReportingCycle.ENTRY_STATES and is_over:
        said.append(
            "期限を過ぎているため、先に期限を延ばさないと入力できず、数分で自動的に締め切られます。"
        )
    return said
