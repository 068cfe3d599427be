"""Verbs for the rows that define a plan: create, change, reorder, delete, and restore.

Every page, API call and import that edits such a row comes through here. The organization's right
to manage, locks and versions are checked, and the audit entry is written in the same transaction.
Figures and reviews of a round have verbs of their own (`kpi.services`, `projects.services`).
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import F, ProtectedError, RestrictedError
from django.db.models.deletion import Collector
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Deletion
from accounts.policy import Act
from accounts.rows import organization_id_of, organization_path_of, owners_of, plan_id_of
from accounts.versions import StaleVersion, Versioned

Row = TypeVar("Row", bound=models.Model)
NOT_AUDITED = {"id", "version", "updated_at", "created_at"}
# Further than any position that rows have.
ASIDE = 1_000_000_000


class Locked(ValidationError):
    """The row cannot be changed now; the message says why, and since or until when."""


def create(
    actor: Actor,
    instance: Row,
    reason: str = "",
    act: Act = Act.MANAGE,
    beside: Collection[models.Model] = (),
) -> Row:
    """Save a new row. Raises PermissionDenied, Locked, or ValidationError with the fields.

    `beside` are the rows that give it its place in the same act (see `policy.allows`).
    """
    require_may_edit(actor, instance, "登録", act, beside)
    instance.full_clean()
    with transaction.atomic():
        instance.save(force_insert=True)
        after = audit.values_of(instance, audited_fields(instance))
        _record(actor, "create", instance, {}, after, reason)
    return instance


def change(
    actor: Actor,
    instance: Row,
    changes: Mapping[str, Any],
    expected_version: int | None,
    reason: str = "",
    act: Act = Act.MANAGE,
) -> Row:
    """Set the named fields of a stored row; what is not named stays.

    `expected_version` is the version that the person saw (None for the few models without one).
    Raises PermissionDenied, Locked, ValidationError with the fields, and StaleVersion when
    somebody else was quicker; nothing is then changed. A change that changes nothing writes
    nothing.
    """
    require_may_edit(actor, instance, "変更", act)
    with transaction.atomic():
        # A form may have put its values into the instance already: before is what is stored.
        stored = type(instance)._base_manager.select_for_update(of=("self",)).get(pk=instance.pk)
        before = audit.values_of(stored, changes)
        if isinstance(stored, Versioned) and stored.version != expected_version:
            raise StaleVersion(stored)
        for name, value in changes.items():
            setattr(stored, name, value)
        # Where it would go must be open too, as where it comes from.
        require_may_edit(actor, stored, "変更", act)
        stored.full_clean()
        after = audit.values_of(stored, changes)
        if before == after:
            return stored
        if isinstance(stored, Versioned):
            assert expected_version is not None  # else it would be stale above
            stored.save_version(expected_version, changes)
        else:
            stored.save(update_fields=list(changes))
        _record(actor, "change", stored, before, after, reason)
    return stored


def reorder(actor: Actor, rows: Sequence[models.Model], first: int = 1) -> None:
    """Number the rows in the order given by their `position`; only those that moved are written.

    Raises PermissionDenied, Locked, and StaleVersion when somebody else was quicker.
    """
    wanted = dict(zip((row.pk for row in rows), range(first, first + len(rows)), strict=True))
    moved = [row for row in rows if _position(row) != wanted[row.pk]]
    if not moved:
        return
    for row in moved:
        require_may_edit(actor, row, "並べ替え")
    model = type(moved[0])
    with transaction.atomic():
        found = model._base_manager.filter(pk__in=[row.pk for row in moved])
        stored = {row.pk: row for row in found.select_for_update(of=("self",))}
        for row in moved:
            current = stored.get(row.pk, row)
            if isinstance(current, Versioned) and current.version != getattr(row, "version", None):
                raise StaleVersion(current)
        if _positions_are_unique(model):
            found.update(position=F("position") + ASIDE)
        for row in stored.values():
            before = audit.values_of(row, ["position"])
            row.position = wanted[row.pk]  # type: ignore[attr-defined]  # ordered models have one
            if isinstance(row, Versioned):
                row.save_version(row.version, ["position"])
            else:
                row.save(update_fields=["position"])
            _record(actor, "change", row, before, audit.values_of(row, ["position"]), "")


def _position(row: Any) -> int:
    position: int = row.position
    return position


def _positions_are_unique(model: type[models.Model]) -> bool:
    """Whether two rows may not share a position, so that they step aside before they swap."""
    return any(
        isinstance(constraint, models.UniqueConstraint) and "position" in constraint.fields
        for constraint in model._meta.constraints
    )


@dataclass(frozen=True)
class GoingAlong:
    """What a deletion takes along: rows by the name of their kind; what forbids it, if anything."""

    rows: list[models.Model]
    refusal: str = ""

    @property
    def counts(self) -> Counter[str]:
        """How many rows of which kind; rows of a bare relation (施策のタグ) have no name."""
        rows = (row for row in self.rows[1:] if not row._meta.auto_created)
        return Counter(str(row._meta.verbose_name) for row in rows)


def what_goes(instance: models.Model) -> GoingAlong:
    """What deleting the row would delete, the row itself first; nothing is changed."""
    collector = Collector(using="default")
    try:
        collector.collect([instance])
    except (ProtectedError, RestrictedError) as error:
        users = error.args[1]
        kinds = Counter(str(row._meta.verbose_name) for row in users)
        told = "、".join(f"{kind}{count}件" for kind, count in kinds.items())
        return GoingAlong(
            [instance],
            f"「{instance}」は{told}で使われているため削除できません。先にそちらを"
            "変えるか削除してください。",
        )
    rows = [row for found in collector.data.values() for row in found if row != instance]
    rows += [row for found in collector.fast_deletes for row in found if row != instance]
    records = Counter(
        str(row._meta.verbose_name) for row in rows if getattr(row, "is_record", False)
    )
    refusal = ""
    if records:
        told = "、".join(f"{kind}{count}件" for kind, count in records.items())
        refusal = f"「{instance}」には{told}の記録があるため削除できません。"
    return GoingAlong([instance, *rows], refusal or _why_they_stay([instance, *rows]))


def _why_they_stay(rows: list[models.Model]) -> str:
    """What the models themselves say against losing these rows (`why_they_stay`); "" if nothing."""
    by_model: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    reasons = (
        model.why_they_stay(those)
        for model, those in by_model.items()
        if hasattr(model, "why_they_stay")
    )
    return next((reason for reason in reasons if reason), "")


def delete(
    actor: Actor, instance: models.Model, expected_version: int | None, reason: str = ""
) -> Deletion:
    """Delete a row with what hangs on it (`what_goes`), and keep all of it for `restore`.

    Raises PermissionDenied, Locked, StaleVersion, and ValidationError where something forbids it.
    """
    require_may_edit(actor, instance, "削除")
    with transaction.atomic():
        stored = type(instance)._base_manager.select_for_update(of=("self",)).get(pk=instance.pk)
        if isinstance(stored, Versioned) and stored.version != expected_version:
            raise StaleVersion(stored)
        going = what_goes(stored)
        if going.refusal:
            raise ValidationError(going.refusal)
        policy.require_within_plans(actor, going.rows, "削除")
        deletion = Deletion.objects.create(
            organization_id=organization_id_of(stored),
            deleted_by=actor.account,
            deleted_by_name=actor.name,
            channel=actor.channel,
            object_type=stored._meta.label_lower,
            object_id=stored.pk,
            object_label=str(stored)[:300],
            plan_id=plan_id_of(stored),
            rows=json.loads(serializers.serialize("json", going.rows)),
        )
        for row in going.rows:
            before = audit.values_of(row, audited_fields(row))
            _record_if_scoped(actor, "delete", row, before, {}, reason)
        stored.delete()
    return deletion


def restore(actor: Actor, deletion: Deletion) -> list[models.Model]:
    """Put back what a deletion took, with the same numbers.

    Raises PermissionDenied, Locked, and ValidationError when it is back already, or when something
    that has come since stands in its way.
    """
    policy.require(actor, Act.MANAGE, deletion.organization_id, what="削除の取消", on=deletion)
    with transaction.atomic():
        rows = Deletion.objects.filter(pk=deletion.pk, restored_at__isnull=True).update(
            restored_at=timezone.now(), restored_by=actor.account
        )
        if not rows:
            raise ValidationError("この削除は、すでに元に戻されています。")
        try:
            with transaction.atomic():
                restored = [
                    _put_back(row) for row in serializers.deserialize("python", deletion.rows)
                ]
                transaction.get_connection().check_constraints()
                policy.require_within_plans(actor, restored, "削除の取消")
        except (IntegrityError, serializers.base.DeserializationError) as error:
            raise ValidationError(
                f"「{deletion.object_label}」は元に戻せません。削除のあとで、同じ識別子の行ができたか、"
                "上位の行がなくなっています。"
            ) from error
        for row in restored:
            _refuse_locked(row)
            after = audit.values_of(row, audited_fields(row))
            _record_if_scoped(actor, "restore", row, {}, after, "")
    deletion.refresh_from_db()
    return restored


def _put_back(row: Any) -> models.Model:
    if type(row.object)._base_manager.filter(pk=row.object.pk).exists():
        raise IntegrityError(f"{row.object._meta.label} {row.object.pk} exists")
    # A relation's own rows were kept beside it: saved along, they would come back twice.
    row.save(save_m2m=False, force_insert=True)
    instance: models.Model = row.object
    return instance


def why_locked(instance: models.Model) -> str:
    """Why the row cannot be changed, because of itself or of what it belongs to; "" if it can."""
    (reason,) = why_each_is_locked([instance])
    return reason


def why_each_is_locked(rows: Sequence[models.Model]) -> list[str]:
    """`why_locked` of many rows of one model, which is asked once for all of them."""
    if not rows:
        return []
    model = type(rows[0])
    own = model.lock_reasons(rows) if issubclass(model, Versioned) else [""] * len(rows)
    return [reason or _why_owners_lock(row) for row, reason in zip(rows, own, strict=True)]


def _why_owners_lock(instance: models.Model) -> str:
    reasons = (getattr(owner, "why_rows_are_locked", "") for owner in owners_of(instance))
    return next((str(reason) for reason in reasons if reason), "")


def require_may_edit(
    actor: Actor,
    instance: models.Model,
    verb: str,
    act: Act = Act.MANAGE,
    beside: Collection[models.Model] = (),
) -> None:
    """Raise PermissionDenied or Locked unless the actor may change this row now.

    `act` is the right that it takes: that to manage, or another for rows that others keep.
    """
    require_right(actor, instance, verb, act, beside)
    _refuse_locked(instance)


def require_right(
    actor: Actor,
    instance: models.Model,
    verb: str,
    act: Act = Act.MANAGE,
    beside: Collection[models.Model] = (),
) -> None:
    """Raise PermissionDenied unless the actor may change this row when it is not locked."""
    what = f"{instance._meta.verbose_name}の{verb}"
    policy.require(actor, act, organization_id_of(instance), None, what, instance, beside)


def _refuse_locked(instance: models.Model) -> None:
    if reason := why_locked(instance):
        raise Locked(reason)


def audited_fields(instance: models.Model) -> list[str]:
    return [f.name for f in instance._meta.concrete_fields if f.name not in NOT_AUDITED]


def _record(
    actor: Actor,
    verb: str,
    instance: models.Model,
    before: audit.Values,
    after: audit.Values,
    reason: str,
) -> None:
    action = f"{instance._meta.model_name}.{verb}"
    audit.record(actor, action, instance, organization_id_of(instance), before, after, reason)


def _record_if_scoped(
    actor: Actor,
    verb: str,
    instance: models.Model,
    before: audit.Values,
    after: audit.Values,
    reason: str,
) -> None:
    """Rows of a bare relation (a tag on a measure) have no place of their own in the log."""
    if organization_path_of(instance):
        _record(actor, verb, instance, before, after, reason)
