"""The sheets of a plan book: one declaration serves reading, checking, loading and help.

Every sheet is in long format: one table, header in row 1, one row a fact, one value a cell.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from django.db import models

from accounts.models import Department, DepartmentSuccession, Organization
from budgets.models import BudgetEntry, StatedTotal
from kpi.models import Actual, DefinitionChange, Indicator, IndicatorUse, Target
from plans.models import (
    Correspondence,
    GlossaryTerm,
    Level,
    Mark,
    Measure,
    Phase,
    Plan,
    PlanRelation,
    PlanSection,
    ReferenceItem,
    ReferenceList,
    ReportingCycle,
    TargetState,
    TermNote,
)
from projects.models import (
    Milestone,
    Placement,
    Project,
    ProjectAlias,
    ProjectDepartment,
    ProjectSuccession,
    ProjectTag,
    Review,
    ScheduleEntry,
    Tag,
    TagScheme,
)

Cells = dict[str, str]


class Kind(Enum):
    """How a cell is read; the value is its name for people."""

    TEXT = "文字"
    INTEGER = "整数"
    DECIMAL = "数値"
    BOOLEAN = "1または0"
    FISCAL_YEAR = "年度（例：2024）"
    DATE = "日付（例：2024-04-01）"
    REFERENCE = "ほかのシートの識別子"


@dataclass(frozen=True)
class Column:
    """A column, and the model's field that it fills (the same name unless said otherwise)."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    field_name: str = ""
    refers_to: str = ""

    @property
    def field(self) -> str:
        return self.field_name or self.name


class Scope(Enum):
    """To what the rows of a sheet belong, besides what their columns say."""

    NONE = ""
    ORGANIZATION = "organization"
    PLAN = "plan"


@dataclass(frozen=True)
class Sheet:
    """A sheet and the model whose rows it holds; `key` columns make a row unique in it.

    Two declarations may share a `name` (targets and actuals stand in `values`); `accepts` then
    says which rows are whose. `identifier` is the column by which other sheets refer to it.
    """

    name: str
    model: type[models.Model]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    scope: Scope = Scope.NONE
    required: bool = False
    accepts: Callable[[Cells], bool] = field(default=lambda cells: True)
    identifier: str = "key"

    @property
    def label(self) -> str:
        return str(self.model._meta.verbose_name)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def text(name: str, required: bool = False, field_name: str = "") -> Column:
    return Column(name, Kind.TEXT, required, field_name)


def whole(name: str, required: bool = False) -> Column:
    return Column(name, Kind.INTEGER, required)


def decimal(name: str) -> Column:
    return Column(name, Kind.DECIMAL)


def flag(name: str) -> Column:
    return Column(name, Kind.BOOLEAN)


def year(name: str = "fiscal_year", required: bool = False) -> Column:
    return Column(name, Kind.FISCAL_YEAR, required)


def date(name: str) -> Column:
    return Column(name, Kind.DATE)


def ref(name: str, sheet: str, required: bool = False) -> Column:
    return Column(name, Kind.REFERENCE, required, refers_to=sheet)


NOTE = text("source_note")

ACTUAL_KINDS = frozenset(Actual.Kind.values)


def _is_actual(cells: Cells) -> bool:
    return cells.get("kind", "") in ACTUAL_KINDS


def _is_target(cells: Cells) -> bool:
    return not _is_actual(cells)


_VALUE_COLUMNS = (
    ref("indicator", "indicators", required=True),
    year(required=True),
    text("kind", required=True),
    decimal("value"),
    text("text", field_name="raw_text"),
    text("note"),
    NOTE,
)

# In the order in which they are loaded: what is referred to comes before what refers to it.
SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "organization",
        Organization,
        ("code",),
        (text("code", True), text("name", True), text("kana"), NOTE),
        required=True,
    ),
    Sheet(
        "departments",
        Department,
        ("key",),
        (
            text("key", True),
            ref("parent", "departments"),
            text("name", True),
            whole("position"),
            date("valid_from"),
            date("valid_to"),
            NOTE,
        ),
        Scope.ORGANIZATION,
    ),
    Sheet(
        "department_successions",
        DepartmentSuccession,
        ("predecessor", "successor"),
        (
            ref("predecessor", "departments", True),
            ref("successor", "departments", True),
            date("on"),
        ),
    ),
    Sheet(
        "plan",
        Plan,
        ("key",),
        (
            text("key", True),
            text("name", True),
            text("edition"),
            text("status"),
            year("first_fiscal_year", True),
            year("last_fiscal_year", True),
            text("revises"),
            year("applies_from"),
            text("decided_on"),
            text("as_of"),
            text("summary"),
            NOTE,
        ),
        Scope.ORGANIZATION,
        required=True,
    ),
    Sheet(
        "plan_relations",
        PlanRelation,
        ("kind", "name"),
        (text("kind", True), text("name", True), text("related_key"), text("note")),
        Scope.PLAN,
    ),
    Sheet(
        "marks",
        Mark,
        ("key",),
        (
            text("key", True),
            text("symbol", True),
            text("label", True),
            whole("position"),
            flag("is_behind"),
            decimal("threshold"),
        ),
        Scope.PLAN,
    ),
    Sheet(
        "levels",
        Level,
        ("key",),
        (text("key", True), whole("depth", True), text("name")),
        Scope.PLAN,
        required=True,
    ),
    Sheet(
        "phases",
        Phase,
        ("key",),
        (
            text("key", True),
            text("name", True),
            year("first_fiscal_year", True),
            year("last_fiscal_year", True),
        ),
        Scope.PLAN,
    ),
    Sheet(
        "measures",
        Measure,
        ("key",),
        (
            text("key", True),
            ref("parent", "measures"),
            ref("level", "levels", True),
            text("code"),
            text("name", True),
            text("short_name"),
            ref("department", "departments"),
            text("description"),
            text("situation"),
            text("approach"),
            whole("position"),
            flag("is_repeat"),
            NOTE,
        ),
        Scope.PLAN,
        required=True,
    ),
    Sheet(
        "target_states",
        TargetState,
        ("measure", "phase", "position"),
        (
            ref("measure", "measures", True),
            ref("phase", "phases", True),
            whole("position", True),
            text("title"),
            text("subject"),
            text("text", True),
            NOTE,
        ),
    ),
    Sheet(
        "correspondences",
        Correspondence,
        ("table", "position"),
        (
            text("table", True),
            whole("position", True),
            text("theirs", True),
            text("ours", True),
            ref("measure", "measures"),
            text("other_plan"),
            text("other_measure"),
            text("note"),
            NOTE,
        ),
        Scope.PLAN,
    ),
    Sheet(
        "sections",
        PlanSection,
        ("key",),
        (
            text("key", True),
            text("kind"),
            text("number"),
            text("title", True),
            text("text"),
            whole("position"),
            NOTE,
        ),
        Scope.PLAN,
    ),
    Sheet(
        "reference_lists",
        ReferenceList,
        ("key",),
        (
            text("key", True),
            ref("measure", "measures"),
            text("title", True),
            text("as_of"),
            text("note"),
            whole("position"),
            NOTE,
        ),
        Scope.PLAN,
    ),
    Sheet(
        "reference_items",
        ReferenceItem,
        ("reference_list", "position"),
        (
            ref("reference_list", "reference_lists", True),
            whole("position", True),
            text("label", True),
            decimal("value"),
            text("unit"),
            text("text", field_name="raw_text"),
            text("note"),
        ),
    ),
    Sheet(
        "glossary",
        GlossaryTerm,
        ("term",),
        (
            text("term", True),
            text("reading"),
            text("text", True),
            text("page"),
            whole("position"),
            NOTE,
        ),
        Scope.PLAN,
        identifier="term",
    ),
    Sheet(
        "term_notes",
        TermNote,
        ("term", "position"),
        (
            ref("term", "glossary", True),
            whole("position", True),
            text("mark"),
            ref("measure", "measures"),
            ref("section", "sections"),
            text("text"),
            text("page"),
            NOTE,
        ),
    ),
    Sheet(
        "projects",
        Project,
        ("key",),
        (
            text("key", True),
            ref("parent", "projects"),
            text("name", True),
            text("summary"),
            year("first_fiscal_year"),
            year("last_fiscal_year"),
            NOTE,
        ),
        Scope.ORGANIZATION,
    ),
    Sheet(
        "project_departments",
        ProjectDepartment,
        ("project", "department"),
        (
            ref("project", "projects", True),
            ref("department", "departments", True),
            whole("position"),
            flag("and_others"),
        ),
        Scope.PLAN,
    ),
    Sheet(
        "project_aliases",
        ProjectAlias,
        ("project", "name"),
        (ref("project", "projects", True), text("name", True), text("note")),
    ),
    Sheet(
        "project_successions",
        ProjectSuccession,
        ("predecessor", "successor"),
        (
            ref("predecessor", "projects", True),
            ref("successor", "projects", True),
            year(required=True),
            text("note"),
        ),
    ),
    Sheet(
        "placements",
        Placement,
        ("measure", "project", "code"),
        (
            ref("project", "projects", True),
            ref("measure", "measures", True),
            text("code"),
            whole("position"),
            flag("is_primary"),
            flag("is_repeat"),
            flag("is_leading"),
            text("name"),
            text("summary"),
            text("period_text"),
            NOTE,
        ),
        Scope.PLAN,
    ),
    Sheet(
        "schedule",
        ScheduleEntry,
        ("project", "fiscal_year"),
        (
            ref("project", "projects", True),
            year(required=True),
            text("planned"),
            text("actual"),
            text("text"),
            NOTE,
        ),
    ),
    Sheet(
        "milestones",
        Milestone,
        ("measure", "project", "position"),
        (
            ref("measure", "measures", True),
            ref("project", "projects"),
            whole("position", True),
            text("label"),
            year("first_fiscal_year"),
            year("last_fiscal_year"),
            text("text", True),
            NOTE,
        ),
    ),
    Sheet(
        "tag_schemes",
        TagScheme,
        ("key",),
        (text("key", True), text("name", True), text("version")),
        Scope.ORGANIZATION,
    ),
    Sheet(
        "tags",
        Tag,
        ("key",),
        (
            ref("scheme", "tag_schemes", True),
            text("key", True),
            text("name", True),
            whole("position"),
        ),
    ),
    Sheet(
        "measure_tags",
        Tag.measures.through,
        ("tag", "measure"),
        (ref("tag", "tags", True), ref("measure", "measures", True)),
    ),
    Sheet(
        "project_tags",
        ProjectTag,
        ("tag", "project", "measure", "part"),
        (
            ref("tag", "tags", True),
            ref("project", "projects", True),
            ref("measure", "measures", True),
            text("part"),
            NOTE,
        ),
    ),
    Sheet(
        "indicators",
        Indicator,
        ("key",),
        (
            text("key", True),
            text("name", True),
            text("unit"),
            whole("decimals"),
            text("direction"),
            text("aggregation"),
            text("achievement_method"),
            decimal("tolerance"),
            flag("is_qualitative"),
            ref("department", "departments"),
            text("numerator_label"),
            text("denominator_label"),
            text("formula"),
            text("rationale"),
            year("baseline_fiscal_year"),
            decimal("baseline_value"),
            text("baseline_text"),
            whole("measured_every"),
            year("measured_from"),
            NOTE,
        ),
        Scope.ORGANIZATION,
    ),
    Sheet(
        "definition_changes",
        DefinitionChange,
        ("indicator", "from_fiscal_year"),
        (
            ref("indicator", "indicators", True),
            year("from_fiscal_year", True),
            text("name"),
            text("unit"),
            text("formula"),
            text("rationale"),
            text("note", True),
        ),
    ),
    Sheet(
        "indicator_uses",
        IndicatorUse,
        ("indicator", "measure", "project"),
        (
            ref("indicator", "indicators", True),
            text("role", True),
            ref("measure", "measures"),
            ref("project", "projects"),
            whole("position"),
            NOTE,
        ),
        Scope.PLAN,
    ),
    Sheet(
        "values",
        Target,
        ("indicator", "fiscal_year", "kind", "revision"),
        (
            *_VALUE_COLUMNS,
            text("comparison"),
            whole("revision"),
            flag("is_current"),
            text("revised_in"),
        ),
        accepts=_is_target,
    ),
    Sheet(
        "values",
        Actual,
        ("indicator", "fiscal_year", "kind"),
        (
            *_VALUE_COLUMNS,
            text("status", True),
            decimal("numerator"),
            decimal("denominator"),
            flag("is_preliminary"),
            date("known_on"),
            text("state"),
        ),
        accepts=_is_actual,
    ),
    Sheet(
        "reviews",
        Review,
        ("measure", "project", "fiscal_year"),
        (
            year(required=True),
            ref("measure", "measures"),
            ref("project", "projects"),
            ref("planned_mark", "marks"),
            ref("mark", "marks"),
            text("goal"),
            text("result"),
            text("delay_reason"),
            text("shortfall_reason"),
            text("effect"),
            text("summary"),
            NOTE,
        ),
        Scope.PLAN,
    ),
    Sheet(
        "budgets",
        BudgetEntry,
        ("project", "fiscal_year", "stage", "number"),
        (
            ref("project", "projects", True),
            year(required=True),
            text("stage", True),
            whole("number"),
            whole("amount"),
            whole("national"),
            whole("prefectural"),
            whole("bond"),
            whole("other"),
            whole("general"),
            text("category"),
            flag("is_zero_budget"),
            text("text", field_name="raw_text"),
            text("note"),
            NOTE,
        ),
    ),
    Sheet(
        "stated_totals",
        StatedTotal,
        ("fiscal_year", "stage", "tag"),
        (
            year(required=True),
            text("stage", True),
            ref("tag", "tags"),
            whole("amount", True),
            text("text", field_name="raw_text"),
            NOTE,
        ),
        Scope.PLAN,
    ),
    Sheet(
        "cycles",
        ReportingCycle,
        ("fiscal_year", "kind"),
        (year(required=True), text("kind"), text("state")),
        Scope.PLAN,
    ),
)

IDENTIFIERS = {sheet.name: sheet.identifier for sheet in SHEETS}
SHEET_NAMES = tuple(dict.fromkeys(sheet.name for sheet in SHEETS))


def columns_of(name: str) -> dict[str, Column]:
    """All columns that a sheet of this name may have, in their order."""
    return {
        column.name: column for sheet in SHEETS if sheet.name == name for column in sheet.columns
    }


def required_columns(name: str) -> set[str]:
    """Columns without which no row of the sheet can be read."""
    declared = [sheet for sheet in SHEETS if sheet.name == name]
    return set.intersection(
        *({column.name for column in sheet.columns if column.required} for sheet in declared)
    )
