"""Verbs that change the amounts of projects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import AuditEntry
from accounts.versions import (
    REFUSALS,
    AnyVersion,
    StaleVersion,
    Written,
    only_one,
    refuse_other_fields,
)
from budgets.models import BudgetEntry
from plans.entering import Desk, Wanted, note_entry
from plans.models import Plan, RoundItem
from projects.models import Project
from projects.services import ProjectsInCharge

SETTLEMENT_STAGES = (BudgetEntry.Stage.FORECAST, BudgetEntry.Stage.SETTLED)
AMOUNT_FIELDS = ("amount", *BudgetEntry.SOURCES)
ENTERED_FIELDS = (*AMOUNT_FIELDS, "note")


Changes = Mapping[str, int | str | None]


@dataclass(frozen=True)
class SettlementWrite:
    """A settled figure (決算) or its forecast (決算見込) that is to be written, in yen.

    `changes` names fields of ENTERED_FIELDS: amounts in whole yen or None, and the comment; those
    that are not named stay. `version` is the one that the person saw, None where there was no
    figure yet.
    """

    project: Project
    fiscal_year: int
    stage: str
    changes: Changes
    version: int | AnyVersion | None

    @property
    def place(self) -> "Place":
        return self.project.pk, self.fiscal_year, self.stage


Place = tuple[int, int, str]  # project, fiscal year, stage: where there is one figure at most


def record_settlement(
    actor: Actor,
    plan: Plan,
    project: Project,
    fiscal_year: int,
    stage: str,
    changes: Changes,
    expected_version: int | None,
) -> BudgetEntry:
    """Write one figure (see `SettlementWrite`), with or without its sources.

    Raises PermissionDenied, Locked, ValidationError with the fields at fault, and StaleVersion.
    """
    write = SettlementWrite(project, fiscal_year, stage, changes, expected_version)
    return only_one(record_settlements(actor, plan, [write])).row


def record_settlements(
    actor: Actor, plan: Plan, writes: Sequence[SettlementWrite]
) -> list[Written[BudgetEntry] | Exception]:
    """Write many figures in one transaction, each as `record_settlement` does it, or refuses it.

    What became of each, in their order: the row, or the exception that `record_settlement`
    raises. The queries are those of one figure, and a few more for each that is changed.
    """
    with transaction.atomic():
        writing = _Writing(actor, plan, writes)
        became = [writing.write(write) for write in writes]
        writing.finish()
    return became


class _Writing:
    """Many figures that are written together: everything is read and locked at once, each is
    decided and written for itself, and what follows from all of them is written at the end.
    """

    def __init__(self, actor: Actor, plan: Plan, writes: Sequence[SettlementWrite]) -> None:
        self.actor, self.plan = actor, plan
        self.in_charge = ProjectsInCharge(plan, (write.project for write in writes))
        allowed = [write for write in writes if self._may_write(write)]
        self.wanted = {write.place: self._wanted(write) for write in allowed}
        self.desk = Desk(list(self.wanted.values()))
        rows = BudgetEntry.objects.select_for_update(of=("self",)).filter(
            project__in={write.project.pk for write in allowed},
            fiscal_year__in={write.fiscal_year for write in allowed},
            stage__in=SETTLEMENT_STAGES,
        )
        self.stored = {(r.project_id, r.fiscal_year, r.stage): r for r in rows.order_by("pk")}
        self.decided: set[Place] = set()
        self.items: dict[int, RoundItem] = {}
        self.entries: list[AuditEntry] = []

    def _may_write(self, write: SettlementWrite) -> bool:
        try:
            self._require(write)
        except REFUSALS:
            return False
        return True

    def _require(self, write: SettlementWrite) -> None:
        """Raise what can be said against it without looking at what is stored."""
        if write.stage not in SETTLEMENT_STAGES:
            raise ValidationError({"stage": "段階は決算見込か決算にしてください。"})
        refuse_other_fields(write.changes, ENTERED_FIELDS)
        self.in_charge.require(self.actor, write.project)

    def _wanted(self, write: SettlementWrite) -> Wanted:
        kind, leads = RoundItem.Kind.SETTLEMENT, partial(self.in_charge.leading, write.project)
        return Wanted(kind, write.project, write.fiscal_year, [self.plan.pk], leads)

    def write(self, write: SettlementWrite) -> Written[BudgetEntry] | Exception:
        try:
            return self._write(write)
        except REFUSALS as error:
            return error

    def _write(self, write: SettlementWrite) -> Written[BudgetEntry]:
        self._require(write)
        if write.place in self.decided:
            raise ValidationError("同じ事業・年度・段階の金額が、この前にもあります。")
        self.decided.add(write.place)
        items = self.desk.items_for(self.wanted[write.place])
        entry = self.stored.get(write.place)
        there = entry.version if entry else None
        version = there if write.version is AnyVersion.ANY else write.version
        if entry is not None and entry.version != version:
            raise StaleVersion(entry)
        if entry is None and version is not None:
            raise ValidationError({"version": "この決算はまだありません。"})
        if entry is None:
            entry = BudgetEntry(fiscal_year=write.fiscal_year, stage=write.stage)
        entry.project = write.project
        before, after = change_settlement(entry, write.changes, version)
        if before != after:
            self.items |= {item.pk: item for item in items}
            organization_id = self.plan.organization_id
            self.entries.append(
                audit.entry(self.actor, "settlement.record", entry, organization_id, before, after)
            )
        return Written(entry, version)

    def finish(self) -> None:
        if self.items:
            note_entry(self.actor, self.items.values())
            AuditEntry.objects.bulk_create(self.entries)
        self.desk.close()


def change_settlement(
    entry: BudgetEntry, changes: Changes, expected_version: int | None
) -> tuple[audit.Values, audit.Values]:
    """Write the changes into an entry that is held, or a new one; what it said and says.

    Raises ValidationError with the fields at fault, and StaleVersion.
    """
    refuse_other_fields(changes, ENTERED_FIELDS)
    before = audit.values_of(entry, ENTERED_FIELDS) if entry.pk else {}
    for name, value in changes.items():
        setattr(entry, name, value)
    if entry.amount is None:
        raise ValidationError({"amount": "金額を入れてください。0円のときは 0 と入れます。"})
    # `clean` says what the database's own constraints say, which would cost a query each.
    entry.full_clean(exclude=["project"], validate_unique=False, validate_constraints=False)
    after = audit.values_of(entry, ENTERED_FIELDS)
    if before != after:
        same = BudgetEntry.objects.filter(
            project=entry.project, fiscal_year=entry.fiscal_year, stage=entry.stage
        )
        entry.store(expected_version, ENTERED_FIELDS, same)
    return before, after
