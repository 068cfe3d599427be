"""Verbs that change rounds and packages, and the one rule on when figures may be entered."""

import datetime
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import Department
from accounts.policy import Act
from plans import fiscal_years
from plans.models import Plan, ReportingCycle, Submission

State = ReportingCycle.State

# From each state, the states that a coordinator may move a round to.
CYCLE_MOVES: dict[str, frozenset[str]] = {
    State.PREPARING: frozenset({State.OPEN}),
    State.OPEN: frozenset({State.GRACE, State.CLOSED, State.PREPARING}),
    State.GRACE: frozenset({State.CLOSED, State.OPEN}),
    State.CLOSED: frozenset({State.FINAL, State.GRACE, State.OPEN}),
    State.FINAL: frozenset({State.PUBLISHED, State.CLOSED}),
    State.PUBLISHED: frozenset({State.FINAL}),
}
ORDER = list(CYCLE_MOVES)


def create_cycle(
    actor: Actor,
    plan: Plan,
    fiscal_year: int,
    kind: str = ReportingCycle.Kind.ANNUAL,
    opens_at: datetime.datetime | None = None,
    closes_at: datetime.datetime | None = None,
) -> ReportingCycle:
    """Prepare a round of a plan's fiscal year. Raises ValidationError if there is one already."""
    policy.require(actor, Act.MANAGE, plan.organization_id, what="年度照会の作成")
    cycle = ReportingCycle(
        plan=plan, fiscal_year=fiscal_year, kind=kind, opens_at=opens_at, closes_at=closes_at
    )
    cycle.full_clean()
    with transaction.atomic():
        cycle.save()
        _record(actor, "cycle.create", cycle, {}, reason="")
    return cycle


def move_cycle(
    actor: Actor, cycle: ReportingCycle, to: str, expected_version: int, reason: str = ""
) -> ReportingCycle:
    """Move a round to another state; a step back needs a reason.

    Raises ValidationError for a move that does not exist and StaleVersion when somebody else
    moved it first.
    """
    policy.require(actor, Act.MANAGE, cycle.plan.organization_id, what="年度照会の状態の変更")
    if to not in CYCLE_MOVES[cycle.state]:
        raise ValidationError(
            f"「{cycle.get_state_display()}」から「{State(to).label}」へは変更できません。"
        )
    if ORDER.index(to) < ORDER.index(cycle.state) and not reason.strip():
        raise ValidationError("前の状態に戻すときは理由を書いてください。")
    before = audit.values_of(cycle, ["state"])
    cycle.state = to
    with transaction.atomic():
        cycle.save_version(expected_version, ["state"])
        _record(actor, "cycle.move", cycle, before, reason)
    return cycle


def _record(
    actor: Actor, action: str, cycle: ReportingCycle, before: audit.Values, reason: str
) -> None:
    after = audit.values_of(cycle, ["state", "opens_at", "closes_at", "grace_until"])
    audit.record(actor, action, cycle, cycle.plan.organization_id, before, after, reason)


def require_entry_open(
    plan_ids: Iterable[int], fiscal_year: int, kind: str = ReportingCycle.Kind.ANNUAL
) -> list[ReportingCycle]:
    """The rounds that ask for a figure of this year now. Raises `Locked` if it is not asked for.

    A figure that is used in several plans is entered once: it needs one open round, and a round
    that is already settled in any of its plans locks it, because its number is published there.
    """
    cycles = list(
        ReportingCycle.objects.filter(
            plan_id__in=list(plan_ids), fiscal_year=fiscal_year, kind=kind
        ).select_related("plan")
    )
    year = fiscal_years.long_form(fiscal_year)
    for cycle in cycles:
        if cycle.is_settled:
            raise Locked(
                f"{year}の値は「{cycle.plan.name}」で{cycle.get_state_display()}済みのため"
                "変更できません。"
            )
    now = timezone.now()
    accepting = [cycle for cycle in cycles if cycle.accepts_entries(now)]
    if not accepting:
        raise Locked(_why_closed(cycles, year))
    return accepting


def _why_closed(cycles: list[ReportingCycle], year: str) -> str:
    if not cycles:
        return f"{year}の照会はまだ作られていません。"
    ended = [c.entry_ends_at for c in cycles if c.state in c.ENTRY_STATES and c.entry_ends_at]
    if ended:
        return (
            f"{year}の入力は{timezone.localtime(max(ended)):%Y年%-m月%-d日 %H:%M}に締め切りました。"
        )
    return f"{year}の照会は「{cycles[0].get_state_display()}」のため入力できません。"


def note_entry(cycles: Iterable[ReportingCycle], department: Department | None) -> None:
    """Show in each round that a department has begun; call it inside the entry's transaction."""
    if department is None:
        return
    for cycle in cycles:
        Submission.objects.get_or_create(cycle=cycle, department=department)
        # Conditional, so that two people who begin at the same moment do not disturb each other.
        Submission.objects.filter(
            cycle=cycle, department=department, state=Submission.State.NOT_STARTED
        ).update(
            state=Submission.State.ENTERING, version=F("version") + 1, updated_at=timezone.now()
        )
