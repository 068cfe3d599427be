"""Writing many rows of a round at once, each as `dxportal.rounds.writing` writes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.audit import Actor
from accounts.versions import StaleVersion
from budgets.services import SettlementWrite, record_settlements
from dxportal.rounds.cells import SETTLEMENT_STAGES
from dxportal.rounds.grid import row_of
from dxportal.rounds.rows import ActualRow, ReviewRow, Row, SettlementRow, versions_of
from dxportal.rounds.writing import (
    StaleRow,
    by_cell,
    entry_of,
    is_change,
    is_clearing,
    kind_of,
    review_changes,
    settlement_cells,
    settlement_changes,
    store_row,
)
from kpi.services import ActualEntry, ActualWrite, record_actuals
from plans.models import ReportingCycle, RoundItem
from projects.services import ReviewWrite, record_reviews

REFUSALS = (PermissionDenied, ValidationError, StaleRow)


@dataclass(frozen=True)
class RowWrite:
    """What was typed into the cells of a row; `version` is the one that the person saw."""

    row: Row
    typed: Mapping[str, str]
    version: str

    @property
    def cells(self) -> dict[str, str]:
        return {**self.row.values, **self.typed}


@dataclass
class Stored:
    """What became of the rows, by the numbers of their items."""

    changed: set[int] = field(default_factory=set)
    refused: dict[int, Exception] = field(default_factory=dict)


def store_rows(actor: Actor, cycle: ReportingCycle, writes: Sequence[RowWrite]) -> Stored:
    """Store the rows of one round; each is refused for itself, with what `store_row` raises.

    A row of several parts may have stored some of them when it is refused: call it where a
    refusal takes everything back. The rows then hold what is stored.
    """
    return _Storing(actor, cycle, writes).store()


class _Storing:
    def __init__(self, actor: Actor, cycle: ReportingCycle, writes: Sequence[RowWrite]) -> None:
        self.actor, self.cycle = actor, cycle
        self.stored = Stored()
        self.writes = [write for write in writes if self._is_due(write)]

    def _is_due(self, write: RowWrite) -> bool:
        """Whether there is anything to store; what somebody else has overtaken is refused."""
        if not is_change(write.row, write.typed):
            return False
        if write.version != write.row.version:
            self.stored.refused[write.row.item.pk] = StaleRow(write.row)
            return False
        return True

    def store(self) -> Stored:
        with transaction.atomic():
            self._actuals()
            self._reviews()
            self._settlements()
            self._read_items()
        due = {write.row.item.pk for write in self.writes}
        self.stored.changed = due - self.stored.refused.keys()
        return self.stored

    def _refuse(self, row: Row, error: Exception) -> None:
        if isinstance(error, StaleVersion):
            error = StaleRow(row_of(row.item))
        self.stored.refused.setdefault(row.item.pk, error)

    def _one_by_one(self, write: RowWrite) -> None:
        try:
            store_row(self.actor, write.row, write.typed, write.version)
        except REFUSALS as error:
            self._refuse(write.row, error)

    def _actuals(self) -> None:
        rows: list[ActualRow] = []
        actuals: list[ActualWrite] = []
        for write in self.writes:
            row = write.row
            if not isinstance(row, ActualRow):
                continue
            if is_clearing(write.cells):
                self._one_by_one(write)
                continue
            try:
                entry = entry_of(row, write.cells)
            except ValidationError as error:
                self._refuse(row, error)
                continue
            rows.append(row)
            actuals.append(self._actual(row, entry, write.version))
        for row, became in zip(rows, record_actuals(self.actor, actuals), strict=True):
            if isinstance(became, Exception):
                self._refuse(row, became)
            else:
                row.actual = became.row

    def _actual(self, row: ActualRow, entry: ActualEntry, version: str) -> ActualWrite:
        year, seen = self.cycle.fiscal_year, versions_of(version)[0]
        return ActualWrite(row.indicator, year, lambda _: entry, seen, kind_of(row))

    def _reviews(self) -> None:
        rows: list[ReviewRow] = []
        reviews: list[ReviewWrite] = []
        for write in self.writes:
            row = write.row
            if not isinstance(row, ReviewRow):
                continue
            if "stage" in row.differs(write.typed):
                self._one_by_one(write)
                continue
            try:
                changes = review_changes(row, write.cells)
            except ValidationError as error:
                self._refuse(row, error)
                continue
            rows.append(row)
            version = versions_of(write.version)[0]
            reviews.append(ReviewWrite(row.thing, self.cycle.fiscal_year, changes, version))
        became = record_reviews(self.actor, self.cycle.plan, reviews)
        for row, review in zip(rows, became, strict=True):
            if isinstance(review, Exception):
                self._refuse(row, review)
            else:
                row.review = review

    def _settlements(self) -> None:
        places: list[tuple[SettlementRow, str]] = []
        figures: list[SettlementWrite] = []
        for write in self.writes:
            if not isinstance(write.row, SettlementRow):
                continue
            try:
                found = self._figures(write.row, write)
            except ValidationError as error:
                self._refuse(write.row, error)
                continue
            places += [(write.row, figure.stage) for figure in found]
            figures += found
        became = record_settlements(self.actor, self.cycle.plan, figures)
        for (row, stage), entry in zip(places, became, strict=True):
            if isinstance(entry, ValidationError):
                self._refuse(row, by_cell(entry, settlement_cells(stage)))
            elif isinstance(entry, Exception):
                self._refuse(row, entry)
            else:
                row.entries = {**row.entries, stage: entry.row}

    def _figures(self, row: SettlementRow, write: RowWrite) -> list[SettlementWrite]:
        year, versions = self.cycle.fiscal_year, versions_of(write.version)
        return [
            SettlementWrite(row.project, year, stage, changes, version)
            for stage, version in zip(SETTLEMENT_STAGES, versions, strict=True)
            if (changes := settlement_changes(row, stage, write.cells))
        ]

    def _read_items(self) -> None:
        """Let the rows' items say what the procedure has noted of them."""
        rows = {write.row.item.pk: write.row for write in self.writes}
        for item in RoundItem.objects.filter(pk__in=rows).select_related("entered_by"):
            for name in ("state", "version", "entered_by", "entered_at"):
                setattr(rows[item.pk].item, name, getattr(item, name))
