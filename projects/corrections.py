"""Corrections (訂正) of settled reviews, and of the stages that projects had reached."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from plans.models import Measure, Plan, RoundItem
from plans.procedure import begin_correction, note_correction
from projects.models import Project, Review, ScheduleEntry, Stage
from projects.services import (
    asked_as,
    change_review,
    change_stage,
    hold_review,
    hold_stage,
    require_in_plan,
)


def correct_review(
    actor: Actor,
    plan: Plan,
    thing: Measure | Project,
    fiscal_year: int,
    changes: Mapping[str, Any],
    expected_version: int | None,
    reason: str,
) -> Review:
    """Correct a settled review; what it said is kept, and told of in the 正誤表.

    Only the fields named in `changes` are touched. Raises what `projects.services.record_review`
    raises, and ValidationError without a reason or where the year is not settled in this plan.
    """
    require_in_plan(plan, thing)
    with transaction.atomic():
        item = begin_correction(actor, plan, asked_as(thing), thing, fiscal_year, reason)
        review = hold_review(plan, thing, fiscal_year, expected_version)
        shown = _shown(review)
        before, after = change_review(actor, review, changes, expected_version)
        if before != after:
            told = [
                (label, old, new)
                for (label, old), new in zip(shown.items(), _shown(review).values(), strict=True)
                if old != new
            ]
            note_correction(actor, item, told, reason)
            audit.record(
                actor, "review.correct", review, plan.organization_id, before, after, reason
            )
    return review


def _shown(review: Review) -> dict[str, str]:
    """What a reader sees of it, by the name of the field."""
    names = ("planned_mark", "mark", "goal", "summary", "result")
    reasons = ("delay_reason", "shortfall_reason", "effect")
    fields = (Review._meta.get_field(name) for name in (*names, *reasons))
    return {str(field.verbose_name): str(getattr(review, field.name) or "") for field in fields}


def correct_stage(
    actor: Actor,
    plan: Plan,
    project: Project,
    fiscal_year: int,
    stage: str,
    expected_version: int | None,
    reason: str,
) -> ScheduleEntry:
    """Correct what stage (検討・構築・運用) a project had reached in a settled year.

    Raises what `correct_review` raises.
    """
    require_in_plan(plan, project)
    with transaction.atomic():
        item = begin_correction(actor, plan, RoundItem.Kind.PROGRESS, project, fiscal_year, reason)
        entry = hold_stage(project, fiscal_year, expected_version)
        was = _stage_name(entry.actual)
        if change_stage(actor, plan, entry, stage, expected_version, "schedule.correct", reason):
            note_correction(actor, item, [("実績の段階", was, _stage_name(stage))], reason)
    return entry


def _stage_name(stage: str) -> str:
    return str(Stage(stage).label) if stage else ""
