"""Which organization and which plan a row belongs to, read along its own `organization_path`."""

from collections.abc import Iterator

from django.db import models

from accounts.querysets import EVERY_PLAN


def organization_path_of(instance: models.Model) -> str:
    """The look-up from the row to its organization's id; empty where its model has none."""
    manager = instance._meta.default_manager
    return getattr(manager.all(), "organization_path", "") if manager else ""


def is_shared_by_all_plans(instance: models.Model) -> bool:
    """Whether the row belongs to the organization as a whole: a department, a tag."""
    return getattr(instance._meta.default_manager.all(), "plan_path", "") == EVERY_PLAN


def organization_id_of(instance: models.Model) -> int:
    """The organization that the row belongs to."""
    *parents, last = organization_path_of(instance).split("__")
    for name in parents:
        instance = getattr(instance, name)
    return int(getattr(instance, last))


def plan_id_of(instance: models.Model) -> int | None:
    """The plan that the row belongs to; None for what an organization's plans share."""
    if instance._meta.label_lower == "plans.plan":
        return instance.pk
    for row, name in _steps(instance):
        if name == "plan":
            plan_id: int = row.plan_id  # type: ignore[attr-defined]  # the path says that it has one
            return plan_id
    return None


def owners_of(instance: models.Model) -> Iterator[models.Model]:
    """The rows that this one belongs to, the nearest first: a measure, its plan."""
    for row, name in _steps(instance):
        yield getattr(row, name)


def _steps(instance: models.Model) -> Iterator[tuple[models.Model, str]]:
    """Each row on the way up with the name of the relation that leads on from it."""
    for name in organization_path_of(instance).split("__")[:-1]:
        yield instance, name
        instance = getattr(instance, name)
