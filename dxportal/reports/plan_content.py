"""What a report says of the plan's own texts, its budget and its corrections, as typed rows."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class PlainBar:
    """A step of a schedule over the plan's years."""

    text: str
    period: str  # as the document dates it
    project: str  # "" for a step of the measure itself
    marks: tuple[str, ...]  # for each of the plan's years: "", ■, or ▶ where it goes on

    @property
    def outside(self) -> str:
        """Why there is no mark; "" where there is one."""
        return "" if any(self.marks) else "計画の年度の外、または年度の記載なし"


@dataclass(frozen=True)
class ReferenceTable:
    """A list or table of facts (参考資料) at a measure; (label, figure, note) each."""

    title: str
    as_of: str
    note: str
    rows: tuple[tuple[str, str, str], ...]

    @property
    def has_figures(self) -> bool:
        return any(figure or note for _, figure, note in self.rows)


@dataclass(frozen=True)
class PlainMeasure:
    """A measure with all that the plan says of it (現状と課題, 取組内容, 目指す状態 …)."""

    anchor: str
    depth: int
    level: str
    title: str
    department: str
    is_repeat: bool
    texts: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]  # the scheme's name with the tags' names
    states: tuple[tuple[str, tuple[str, ...]], ...]  # by phase
    bars: tuple[PlainBar, ...]
    references: tuple[ReferenceTable, ...]
    footnotes: tuple[tuple[str, str, str], ...]  # mark, term, text
    projects: tuple[str, ...]
    source_note: str

    @property
    def is_empty(self) -> bool:
        parts = (self.texts, self.states, self.bars, self.references, self.footnotes, self.tags)
        return not any(parts)


@dataclass(frozen=True)
class BudgetLine:
    """A project at one of its places; only a counted one adds to a sum. Amounts in yen."""

    project_id: int
    title: str
    departments: str
    category: str
    amount: int | None
    is_counted: bool
    remark: str  # 再掲 …, or what is known where there is no amount


@dataclass(frozen=True)
class BudgetGroup:
    """A measure with its own lines; `amount` is what is counted from here down, in yen."""

    depth: int
    title: str
    amount: int | None
    counted: int  # projects that are counted from here down
    lines: tuple[BudgetLine, ...]


@dataclass(frozen=True)
class TagBudget:
    """What the projects of a tag (重点取組み) add up to, beside what the document prints."""

    scheme: str
    name: str
    amount: int | None
    stated: int | None
    lines: tuple[BudgetLine, ...]

    @property
    def difference(self) -> int | None:
        return None if self.stated is None else (self.amount or 0) - self.stated


@dataclass(frozen=True)
class BudgetPart:
    """The budget of the report's year at one stage. Amounts in yen."""

    stage: str
    stage_name: str
    amount: int | None
    stated: int | None
    counted: int
    with_amount: int
    repeats: int
    is_rounded: bool  # whether thousands on paper hide anything
    groups: tuple[BudgetGroup, ...]
    tags: tuple[TagBudget, ...]

    @property
    def difference(self) -> int | None:
        return None if self.stated is None else (self.amount or 0) - self.stated


@dataclass(frozen=True)
class CorrectionRow:
    """A settled figure that was corrected (訂正), and where the published report shows it."""

    at: datetime.datetime
    fiscal_year: int
    section: str
    page: str  # of the report that was published last before it; "" where it is not known
    label: str
    field: str
    before: str
    after: str
    reason: str
    is_after_publication: bool
