"""What a coordinator is told before a round moves: what comes next, and what a move means."""

from dataclasses import dataclass

from django.utils import timezone

from dxportal.rounds.asking import items_asked
from dxportal.rounds.board import Tally
from plans.models import ReportingCycle
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
    """Forward ones first, the nearest first."""
    at = ORDER.index(cycle.state)
    found = sorted(CYCLE_MOVES[cycle.state], key=lambda to: (ORDER.index(to) < at, ORDER.index(to)))
    return [Move(to, label_of(cycle, to), ORDER.index(to) < at) for to in found]


def label_of(cycle: ReportingCycle, to: str) -> str:
    if ORDER.index(to) > ORDER.index(cycle.state):
        return VERBS[State(to)]
    return f"「{State(to).label}」に戻す"


def needs_reason(cycle: ReportingCycle, to: str, waiting: int) -> bool:
    """Whether the move has to be explained; `waiting` items nobody has approved."""
    is_back = ORDER.index(to) < ORDER.index(cycle.state)
    return is_back or (to == State.FINAL and waiting > 0)


def next_act(cycle: ReportingCycle, tally: Tally) -> str:
    """What the coordinator has to do now, in one or two sentences."""
    left = tally.total - tally.approved
    match cycle.state:
        case State.PREPARING:
            if cycle.closes_at is None:
                return "入力期限を決めてから、入力を始めてください。"
            return "照会する内容と期限を確かめて、入力を始めてください。"
        case State.OPEN | State.GRACE:
            return _while_entering(cycle, tally)
        case State.CLOSED if tally.owed:
            return (
                f"まだ提出されていない項目が{tally.owed}件あります。督促するか、期限を延長するか、"
                "このまま確定するかを決めてください。"
            )
        case State.CLOSED if left:
            return (
                f"承認されていない項目が{left}件あります。所属長の承認を待つか、承認してください。"
            )
        case State.CLOSED:
            return "すべての項目が承認されました。内容を確かめて確定してください。"
        case State.FINAL:
            return "値は確定しています。報告書を作り、公表の準備ができたら公表済みにしてください。"
        case _:
            return "この照会は終わりました。誤りが見つかったときは、指標の画面から訂正できます。"


def _while_entering(cycle: ReportingCycle, tally: Tally) -> str:
    if not cycle.accepts_entries():
        return "期限を過ぎたため、入力は止まっています。締め切るか、期限を延ばしてください。"
    if tally.late:
        return f"期限を過ぎても提出されていない項目が{tally.late}件あります。督促してください。"
    if tally.returned:
        return f"差し戻した項目が{tally.returned}件、再提出を待っています。"
    if tally.owed:
        return f"{tally.total}件のうち{tally.owed}件の提出を待っています。"
    if tally.waiting:
        return f"すべて提出されました。{tally.waiting}件が所属長の承認を待っています。"
    return "すべての項目が承認されました。入力を締め切って、確定してください。"


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
