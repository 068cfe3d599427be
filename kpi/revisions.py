"""Verbs on targets that a plan revises (目標の改定): the old one stays, the new one is current."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from accounts import editing
from accounts.audit import Actor
from accounts.models import Deletion
from accounts.versions import StaleVersion
from kpi.models import Target
from plans.models import Plan

REVISED_FIELDS = ("value", "comparison", "raw_text", "note", "source_note")


def revise_target(
    actor: Actor, target: Target, values: Mapping[str, Any], plan: Plan, expected_version: int
) -> Target:
    """Put a new current target in the place of this one, as a revision that the plan made.

    `values` may name REVISED_FIELDS; the others are those of the old target, which stays as it
    was but for being current. Raises PermissionDenied, Locked, StaleVersion, and ValidationError
    when the target is not the current one or the new one says nothing.
    """
    with transaction.atomic():
        stored = Target.objects.select_for_update(of=("self",)).get(pk=target.pk)
        if stored.version != expected_version:
            raise StaleVersion(stored)
        if not stored.is_current:
            raise ValidationError("改定できるのは現行の目標だけです。")
        same = _same_year(stored)
        last = same.aggregate(Max("revision"))["revision__max"]
        editing.change(actor, stored, {"is_current": False}, expected_version)
        revised = Target(
            indicator=stored.indicator,
            fiscal_year=stored.fiscal_year,
            kind=stored.kind,
            revision=last + 1,
            revised_in=plan.key,
            **{name: values.get(name, getattr(stored, name)) for name in REVISED_FIELDS},
        )
        return editing.create(actor, revised, reason="目標の改定")


def delete_target(actor: Actor, target: Target, expected_version: int | None) -> Deletion:
    """Delete a target; without the current one the revision before it is current again."""
    with transaction.atomic():
        deletion = editing.delete(actor, target, expected_version)
        if target.is_current:
            before = _same_year(target).order_by("-revision").first()
            if before is not None:
                editing.change(actor, before, {"is_current": True}, before.version)
    return deletion


def _same_year(target: Target) -> Any:
    return Target.objects.filter(
        indicator=target.indicator_id, fiscal_year=target.fiscal_year, kind=target.kind
    )
