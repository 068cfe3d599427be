"""The rows of the entry grid: an item of a round with all that is known of what it asks for.

A row is read from rows that `dxportal.rounds.grid` has fetched in bulk; nothing here asks the
database. `values` is what stands in its cells, `version` what a change of them has to name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import User
from accounts.versions import Versioned
from budgets.models import BudgetEntry
from budgets.money import THOUSAND, in_words, is_whole_thousands
from budgets.services import AMOUNT_FIELDS
from budgets.warnings import warnings_of as amount_warnings
from dxportal.rounds.cells import (
    FIELDS,
    FLAG_ON,
    SETTLEMENT_STAGES,
    STAGES,
    STATUSES,
    Cell,
    Choices,
    Field,
)
from kpi.achievement import Achievement, achievement_of, format_actual, format_target
from kpi.models import Actual, Indicator, IndicatorUse, Target, ValueStatus
from kpi.warnings import warnings_of
from plans.deadlines import Deadline
from plans.entering import accepts_entry, is_running
from plans.models import Mark, Measure, RoundItem
from projects.models import Project, Review, ScheduleEntry

Stored = Versioned | None


@dataclass(kw_only=True)
class Row:
    """One item. `typed` and `errors` are those of a save that was refused."""

    item: RoundItem
    path: list[Measure] = field(default_factory=list)
    typed: Mapping[str, str] | None = None
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def stored(self) -> Sequence[Stored]:
        """The rows that the cells are kept in, None for those that are not there yet."""
        raise NotImplementedError

    @property
    def values(self) -> dict[str, str]:
        """What stands in the cells."""
        raise NotImplementedError

    @property
    def warnings(self) -> list[str]:
        return []

    @property
    def has_comment(self) -> bool:
        """Whether the person has said something that answers the warnings."""
        return True

    @property
    def is_filled(self) -> bool:
        raise NotImplementedError

    @property
    def understood(self) -> str:
        """How a figure was read, with its unit."""
        return ""

    @property
    def choices(self) -> Mapping[str, Choices]:
        return {}

    @property
    def title(self) -> str:
        return self.item.label

    @property
    def version(self) -> str:
        return version_text(self.stored)

    @property
    def fields(self) -> list[Field]:
        return FIELDS[self.item.kind]

    @property
    def cells(self) -> dict[str, Cell]:
        values = {**self.values, **(self.typed or {})}
        return {
            field.name: Cell(
                field,
                self.item.pk,
                values[field.name],
                self.choices.get(field.name, ()),
                tuple(self.errors.get(field.name, ())),
                bool(self.locked_reason),
            )
            for field in self.fields
        }

    @property
    def path_text(self) -> str:
        """Where it stands in the plan, the short names first."""
        if not self.path:
            return ""
        above = [measure.short_name or measure.name for measure in self.path[:-1]]
        return " ＞ ".join([*above, self.path[-1].name])

    @property
    def row_errors(self) -> Sequence[str]:
        """What was said against the row as a whole."""
        return self.errors.get("", ())

    @property
    def locked_reason(self) -> str:
        """Why nothing can be entered now; empty if it can."""
        item = self.item
        if item.state in RoundItem.LOCKED_STATES:
            return f"「{item.get_state_display()}」のため編集できません。{_how_to_unlock(item)}"
        if not is_running(item.cycle):
            return f"照会が「{item.cycle.get_state_display()}」のため編集できません。"
        if accepts_entry(item):
            return ""
        end = item.cycle.entry_ends_at
        deadline = Deadline(end) if end else None
        if deadline is None or not deadline.is_past:
            return "照会が締め切られたため編集できません。"
        return f"{deadline.last_day:%-m月%-d日}{deadline.last_time}に締め切ったため編集できません。"

    @property
    def needs_comment(self) -> bool:
        return bool(self.warnings) and not self.has_comment

    @property
    def entered_by(self) -> User | None:
        return self.item.entered_by

    @property
    def state(self) -> str:
        """The first that applies, for its words and its look (static/css/tables.css)."""
        if self.errors:
            return "refused"
        if self.locked_reason:
            return "locked"
        if not self.is_filled:
            return "untouched"
        return "warned" if self.needs_comment else "saved"

    def differs(self, typed: Mapping[str, str]) -> set[str]:
        """The cells in which something else was typed than what is stored."""
        values = self.values
        return {name for name, text in typed.items() if not _same(values[name], text)}


def _how_to_unlock(item: RoundItem) -> str:
    if item.state == RoundItem.State.SUBMITTED:
        return "直すときは、提出を取り下げてください。"
    if item.state == RoundItem.State.APPROVED:
        return "直すときは、所属長か事務局に差戻しを頼んでください。"
    return "確定した値は、事務局が訂正します。"


def version_text(stored: Iterable[Stored]) -> str:
    """The versions of several rows in one word; 0 stands for a row that is not there."""
    return ".".join(str(row.version if row else 0) for row in stored)


def versions_of(text: str) -> list[int | None]:
    """The versions back from `version_text`; an unknown text fits nothing."""
    return [int(part) or None if part.isdecimal() else -1 for part in text.split(".")]


def _same(stored: str, typed: str) -> bool:
    # A browser sends line breaks its own way.
    return stored.replace("\r\n", "\n").strip() == typed.replace("\r\n", "\n").strip()


def figure_text(value: Decimal | None) -> str:
    return "" if value is None else format(value.normalize(), "f")


@dataclass(kw_only=True)
class ActualRow(Row):
    """An indicator's figure of the year."""

    indicator: Indicator
    actual: Actual | None
    target: Target | None
    past: Mapping[int, Actual]
    marks: Sequence[Mark]
    uses: Sequence[IndicatorUse]

    @property
    def stored(self) -> Sequence[Stored]:
        return [self.actual]

    @property
    def title(self) -> str:
        return self.indicator.shown_name

    @property
    def values(self) -> dict[str, str]:
        actual = self.actual or Actual()
        return {
            "value": figure_text(actual.value) or actual.raw_text,
            "is_preliminary": FLAG_ON if actual.is_preliminary else "",
            "numerator": figure_text(actual.numerator),
            "denominator": figure_text(actual.denominator),
            "status": actual.status,
            "note": actual.note,
        }

    @property
    def fields(self) -> list[Field]:
        counts = ("numerator", "denominator")
        return [f for f in FIELDS[self.item.kind] if self.has_counts or f.name not in counts]

    @property
    def has_counts(self) -> bool:
        """Whether the rate may be told by its two counts."""
        return self.indicator.aggregation == Indicator.Aggregation.RATE and (
            bool(self.indicator.numerator_label and self.indicator.denominator_label)
            or (self.actual is not None and self.actual.numerator is not None)
        )

    @property
    def choices(self) -> Mapping[str, Choices]:
        unstated = (ValueStatus.UNSTATED.value, ValueStatus.UNSTATED.label)
        is_unstated = self.actual is not None and self.actual.status == ValueStatus.UNSTATED
        return {"status": [*STATUSES, unstated] if is_unstated else STATUSES}

    @property
    def is_filled(self) -> bool:
        return self.actual is not None

    @property
    def understood(self) -> str:
        if self.actual is None:
            return ""
        unit = self.indicator.unit if self.actual.has_number else ""
        return f"{format_actual(self.indicator, self.actual)}{unit}"

    @property
    def achievement(self) -> Achievement:
        return achievement_of(self.indicator, self.target, self.actual)

    @property
    def suggested_mark(self) -> Mark | None:
        """The mark whose threshold the achievement reaches; a person decides all the same."""
        percent = self.achievement.percent
        reached = [
            m
            for m in self.marks
            if m.threshold is not None and percent is not None and percent >= m.threshold
        ]
        return max(reached, key=lambda m: m.threshold or Decimal(0), default=None)

    @property
    def target_text(self) -> str:
        return format_target(self.indicator, self.target)

    @property
    def past_texts(self) -> list[tuple[int, str]]:
        """The two years before, as they were reported."""
        year = self.item.cycle.fiscal_year
        return [
            (before, format_actual(self.indicator, self.past.get(before)))
            for before in (year - 2, year - 1)
        ]

    @property
    def warnings(self) -> list[str]:
        figures = {
            year: row.value
            for year, row in self.past.items()
            if row.has_number and row.value is not None
        }
        found = warnings_of(self.indicator, self.target, self.actual, figures)
        return [warning.text for warning in found]

    @property
    def has_comment(self) -> bool:
        return self.actual is not None and bool(self.actual.note.strip())

    @property
    def is_kpi(self) -> bool:
        return any(use.role == IndicatorUse.Role.KPI for use in self.uses)

    @property
    def used_in(self) -> list[str]:
        """The projects that this is an activity indicator of: names of indicators repeat."""
        return [str(use.project) for use in self.uses if use.project is not None]

    @property
    def locked_reason(self) -> str:
        if reason := super().locked_reason:
            return reason
        if self.actual is not None and self.actual.state in Actual.LOCKED_STATES:
            return f"この値は「{self.actual.get_state_display()}」のため編集できません。"
        return ""


@dataclass(kw_only=True)
class ReviewRow(Row):
    """A project's progress, or the review of a measure."""

    thing: Project | Measure
    review: Review | None
    last_review: Review | None
    schedule: ScheduleEntry | None
    marks: Sequence[Mark]
    departments: str = ""

    @property
    def is_progress(self) -> bool:
        return self.item.kind == RoundItem.Kind.PROGRESS

    @property
    def stored(self) -> Sequence[Stored]:
        return [self.review, self.schedule] if self.is_progress else [self.review]

    @property
    def values(self) -> dict[str, str]:
        found = {}
        for name in (f.name for f in self.fields):
            if name == "stage":
                found[name] = self.schedule.actual if self.schedule else ""
            elif name in ("planned_mark", "mark"):
                mark = getattr(self.review, name) if self.review else None
                found[name] = mark.key if mark else ""
            else:
                found[name] = getattr(self.review, name) if self.review else ""
        return found

    @property
    def choices(self) -> Mapping[str, Choices]:
        marks = [("", "（なし）"), *((mark.key, str(mark)) for mark in self.marks)]
        return {"stage": STAGES, "planned_mark": marks, "mark": marks}

    @property
    def is_filled(self) -> bool:
        values = self.values
        return any(values.get(name) for name in ("stage", "mark", "result", "summary"))

    @property
    def warnings(self) -> list[str]:
        if self.review is None or not self.review.is_behind or self.has_comment:
            return []
        return ["遅れています。後倒理由か未達理由を書いてください。"]

    @property
    def has_comment(self) -> bool:
        review = self.review
        return review is not None and bool((review.delay_reason + review.shortfall_reason).strip())


@dataclass(kw_only=True)
class SettlementRow(Row):
    """A project's forecast and settled figures, typed in thousands of yen or as 1,234,567円."""

    project: Project
    entries: Mapping[str, BudgetEntry]
    budget: int | None
    last_settled: BudgetEntry | None

    @property
    def stored(self) -> Sequence[Stored]:
        return [self.entries.get(stage) for stage in SETTLEMENT_STAGES]

    @property
    def values(self) -> dict[str, str]:
        found = {}
        for stage in SETTLEMENT_STAGES:
            entry = self.entries.get(stage)
            for name in AMOUNT_FIELDS:
                found[f"{stage}_{name}"] = yen_text(getattr(entry, name, None))
            found[f"{stage}_note"] = entry.note if entry else ""
        return found

    @property
    def _warned(self) -> dict[BudgetEntry.Stage, list[str]]:
        """What is unusual, by stage."""
        last = self.last_settled.amount if self.last_settled else None
        return {
            stage: found
            for stage in SETTLEMENT_STAGES
            if (entry := self.entries.get(stage))
            and (found := amount_warnings(entry.amount, self.budget, last))
        }

    @property
    def warnings(self) -> list[str]:
        return [
            f"{stage.label}は、{text}" for stage, found in self._warned.items() for text in found
        ]

    @property
    def has_comment(self) -> bool:
        """Whether every stage with something unusual has its own comment."""
        return all(self.entries[stage].note.strip() for stage in self._warned)

    @property
    def is_filled(self) -> bool:
        return any(entry.amount is not None for entry in self.entries.values())

    @property
    def understood(self) -> str:
        return "、".join(
            f"{stage.label} {in_words(entry.amount)}"
            for stage in SETTLEMENT_STAGES
            if (entry := self.entries.get(stage)) and entry.amount is not None
        )

    @property
    def budget_text(self) -> str:
        return yen_text(self.budget)

    @property
    def last_settled_text(self) -> str:
        return yen_text(self.last_settled.amount if self.last_settled else None)


def yen_text(yen: int | None) -> str:
    """An amount as a cell in 千円 shows it; what is no whole thousand is told in 円."""
    if yen is None:
        return ""
    return f"{yen // THOUSAND:,}" if is_whole_thousands(yen) else f"{yen:,}円"
