"""Verbs that prepare and move rounds; what happens inside of one is in `plans.procedure`."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.policy import Act
from accounts.versions import StaleVersion, refuse_other_fields
from plans import procedure
from plans.editions import why_year_is_not_its_own
from plans.models import Level, Plan, ReportingCycle
from plans.signals import cycle_moved, cycle_opened

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
DEADLINES = ("opens_at", "closes_at", "grace_until")
ASKED = ("asks_actuals", "asks_progress", "asks_settlements")


def create_cycle(
    actor: Actor,
    plan: Plan,
    fiscal_year: int,
    kind: str = ReportingCycle.Kind.ANNUAL,
    opens_at: datetime.datetime | None = None,
    closes_at: datetime.datetime | None = None,
    grace_until: datetime.datetime | None = None,
    asks: Mapping[str, bool] | None = None,
    review_levels: Iterable[Level] = (),
) -> ReportingCycle:
    """Prepare a round of a plan's fiscal year; `asks` names what of ASKED it asks for.

    Raises ValidationError if there is one already, or if the year is one of the plan's successor.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="年度照会の作成", on=plan)
    cycle = ReportingCycle(
        plan=plan,
        fiscal_year=fiscal_year,
        kind=kind,
        opens_at=opens_at,
        closes_at=closes_at,
        grace_until=grace_until,
        **(asks or {}),
    )
    levels = list(review_levels)
    cycle.full_clean()
    _require_own_levels(plan, levels)
    if reason := why_year_is_not_its_own(plan, fiscal_year):
        raise ValidationError({"fiscal_year": reason})
    with transaction.atomic():
        cycle.save()
        cycle.review_levels.set(levels)
        _record(actor, "cycle.create", cycle, {}, reason="")
    return cycle


def change_cycle(
    actor: Actor,
    cycle: ReportingCycle,
    changes: Mapping[str, Any],
    expected_version: int,
    review_levels: Iterable[Level] | None = None,
    reason: str = "",
) -> ReportingCycle:
    """Change a round's times (DEADLINES) and what it asks for (ASKED, and levels of measures).

    What is asked newly becomes items when the round opens, or by `rounds.asking.refresh`. Raises
    PermissionDenied, ValidationError with the fields (also for a round that is settled), and
    StaleVersion.
    """
    policy.require(actor, Act.MANAGE, cycle.plan.organization_id, what="年度照会の変更", on=cycle)
    refuse_other_fields(changes, (*DEADLINES, *ASKED))
    levels = None if review_levels is None else list(review_levels)
    _require_own_levels(cycle.plan, levels or [])
    with transaction.atomic():
        stored = ReportingCycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
        if stored.version != expected_version:
            raise StaleVersion(stored)
        if stored.is_settled:
            raise ValidationError(
                f"照会が「{stored.get_state_display()}」のため、期限や内容を変更できません。"
            )
        before = _values(stored)
        for name, value in changes.items():
            setattr(stored, name, value)
        stored.full_clean()
        if levels is not None:
            stored.review_levels.set(levels)
        if before == _values(stored):
            return stored
        stored.save_version(expected_version, list(changes))
        _record(actor, "cycle.change", stored, before, reason)
    return stored


def _require_own_levels(plan: Plan, levels: Iterable[Level]) -> None:
    if any(level.plan_id != plan.pk for level in levels):
        raise ValidationError({"review_levels": "この計画の階層を選んでください。"})


def move_cycle(
    actor: Actor, cycle: ReportingCycle, to: str, expected_version: int, reason: str = ""
) -> ReportingCycle:
    """Move a round to another state; a step back needs a reason.

    Raises ValidationError for a move that does not exist and StaleVersion when somebody else
    moved it first.
    """
    policy.require(
        actor, Act.MANAGE, cycle.plan.organization_id, what="年度照会の状態の変更", on=cycle
    )
    if to not in CYCLE_MOVES[cycle.state]:
        raise ValidationError(
            f"「{cycle.get_state_display()}」から「{State(to).label}」へは変更できません。"
        )
    if ORDER.index(to) < ORDER.index(cycle.state) and not reason.strip():
        raise ValidationError("前の状態に戻すときは理由を書いてください。")
    if to == State.FINAL and cycle.state == State.CLOSED and not reason.strip():
        _require_all_approved(cycle)
    before = _values(cycle)
    came_from, cycle.state = cycle.state, to
    with transaction.atomic():
        cycle.published_at = timezone.now() if to == State.PUBLISHED else None
        cycle.save_version(expected_version, ["state", "published_at"])
        _record(actor, "cycle.move", cycle, before, reason)
        if to == State.OPEN and came_from == State.PREPARING:
            cycle_opened.send(sender=ReportingCycle, cycle=cycle)
        elif to == State.FINAL and came_from == State.CLOSED:
            procedure.finalise_items(actor, cycle)
        elif to == State.CLOSED and came_from == State.FINAL:
            procedure.unsettle_items(actor, cycle)
        cycle_moved.send(sender=ReportingCycle, cycle=cycle, came_from=came_from)
    return cycle


def _require_all_approved(cycle: ReportingCycle) -> None:
    if waiting := procedure.not_approved(cycle):
        raise ValidationError(
            f"承認されていない項目が{waiting}件あります。このまま確定するときは理由を書いてください。"
        )


def _record(
    actor: Actor, action: str, cycle: ReportingCycle, before: audit.Values, reason: str
) -> None:
    after = _values(cycle)
    audit.record(actor, action, cycle, cycle.plan.organization_id, before, after, reason)


def _values(cycle: ReportingCycle) -> audit.Values:
    """What the log keeps of a round; the levels by name, as they are a relation of their own."""
    values = audit.values_of(cycle, ["state", *DEADLINES, *ASKED])
    levels = cycle.review_levels.order_by("depth").values_list("name", flat=True)
    return {**values, "review_levels": "、".join(levels)}
