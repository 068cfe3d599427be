"""Optimistic locking: a change names the version that it was made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import F


class StaleVersion(Exception):
    """Somebody else was quicker. `current` is the row as it is now."""

    def __init__(self, current: "Versioned") -> None:
        self.current = current
        super().__init__("この値は、ほかの人が先に変更しました。")


# For what one row of many may be refused, the others not; whatever else is raised ends the call.
REFUSALS = (PermissionDenied, ValidationError, StaleVersion)


class AnyVersion(Enum):
    """In place of the version that a person saw: whatever is there now is meant."""

    ANY = "any"


class Versioned(models.Model):
    """A row whose changes carry the version they were made from.

    `is_record` marks what a round of reporting has left: it is never deleted along with something
    else.
    """

    version = models.PositiveIntegerField("版", default=1, editable=False)
    updated_at = models.DateTimeField("更新日時", auto_now=True)

    class Meta:
        abstract = True

    @property
    def is_record(self) -> bool:
        return False

    @classmethod
    def lock_reasons(cls, rows: "Sequence[Any]") -> list[str]:
        """Why each of these rows cannot be changed; empty where it can."""
        return [""] * len(rows)

    def save_version(self, expected: int, fields: Iterable[str]) -> None:
        """Write the named fields if the stored version is still `expected`, in one UPDATE.

        Raises `StaleVersion` with the current row, having changed nothing. The condition is in
        the UPDATE itself, so two writers at the same moment cannot both win.
        """
        model = type(self)
        self.version = expected + 1
        names = [*fields, "updated_at"]
        values = {}
        for name in names:
            field = model._meta.get_field(name)
            values[field.attname] = field.pre_save(self, add=False)
        rows = model._base_manager.filter(pk=self.pk, version=expected).update(
            version=F("version") + 1, **values
        )
        if not rows:
            raise StaleVersion(model._base_manager.get(pk=self.pk))

    def store(
        self, expected: int | None, fields: Iterable[str], same: "models.QuerySet[Any]"
    ) -> None:
        """Insert a new row, or change a stored one by `save_version`; call it in a transaction.

        `same` finds the row that stands in the place of a new one: whoever comes second gets
        `StaleVersion` with it, and nothing is written over.
        """
        if self.pk is not None:
            assert expected is not None  # a stored row without a version is stale before this
            self.save_version(expected, fields)
            return
        try:
            with transaction.atomic():
                self.save(force_insert=True)
        except IntegrityError as error:
            current = same.first()
            if current is None:
                raise
            raise StaleVersion(current) from error


Row = TypeVar("Row", bound=Versioned)


@dataclass(frozen=True)
class Written(Generic[Row]):
    """A row after its service has run; `before` is the version there was, None if none."""

    row: Row
    before: int | None

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_changed(self) -> bool:
        return self.row.version != self.before


Became = TypeVar("Became")


def only_one(became: Sequence[Became | Exception]) -> Became:
    """What became of the one row that was written; raises what refused it."""
    (one,) = became
    if isinstance(one, Exception):
        raise one
    return one


def refuse_other_fields(changes: Iterable[str], fields: Iterable[str]) -> None:
    """Raise ValidationError for what is not among the fields that a verb writes."""
    if others := sorted(set(changes) - set(fields)):
        raise ValidationError(dict.fromkeys(others, "この項目は変更できません。"))
