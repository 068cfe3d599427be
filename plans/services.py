"""Verbs that prepare and move rounds; what happens inside of one is in `plans.procedure`."""

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit, policy
from accounts.audit import Actor
from accounts.policy import Act
from plans import procedure
from plans.editions import why_year_is_not_its_own
from plans.models import Plan, ReportingCycle
from plans.signals import cycle_opened

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
    """Prepare a round of a plan's fiscal year.

    Raises ValidationError if there is one already, or if the year is one of the plan's successor.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="年度照会の作成")
    cycle = ReportingCycle(
        plan=plan, fiscal_year=fiscal_year, kind=kind, opens_at=opens_at, closes_at=closes_at
    )
    cycle.full_clean()
    if reason := why_year_is_not_its_own(plan, fiscal_year):
        raise ValidationError({"fiscal_year": reason})
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
    if to == State.FINAL and cycle.state == State.CLOSED and not reason.strip():
        _require_all_approved(cycle)
    before = audit.values_of(cycle, ["state"])
    came_from, cycle.state = cycle.state, to
    with transaction.atomic():
        cycle.save_version(expected_version, ["state"])
        _record(actor, "cycle.move", cycle, before, reason)
        if to == State.OPEN and came_from == State.PREPARING:
            cycle_opened.send(sender=ReportingCycle, cycle=cycle)
        elif to == State.FINAL and came_from == State.CLOSED:
            procedure.finalise_items(actor, cycle)
        elif to == State.CLOSED and came_from == State.FINAL:
            procedure.unsettle_items(actor, cycle)
    return cycle


def _require_all_approved(cycle: ReportingCycle) -> None:
    if waiting := procedure.not_approved(cycle):
        raise ValidationError(
            f"承認されていない項目が{waiting}件あります。このまま確定するときは理由を書いてください。"
        )


def _record(
    actor: Actor, action: str, cycle: ReportingCycle, before: audit.Values, reason: str
) -> None:
    after = audit.values_of(cycle, ["state", "opens_at", "closes_at", "grace_until"])
    audit.record(actor, action, cycle, cycle.plan.organization_id, before, after, reason)
