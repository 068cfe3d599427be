"""Where the figures of a page come from: who wrote them last and when, which round and document.

One `Sources` serves a page. What it is asked about is collected first, so that the log is read in
one query and the round in three more, however many figures the page shows.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Max, Model, Q
from django.urls import reverse

from accounts.models import AuditEntry, Channel
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.scope import Scope
from kpi.models import Actual, IndicatorUse, Target
from plans import fiscal_years
from plans.models import Evidence, RoundItem
from projects.models import Review, ScheduleEntry

# What a document is named at most beside a figure; the rest stands at the row itself.
MOST_DOCUMENTS = 3


@dataclass(frozen=True)
class Writing:
    """The last writing of a row that the log tells of."""

    at: datetime.datetime
    who: str
    channel: str


@dataclass(frozen=True)
class Source:
    """What a figure was made of; `link` leads to its rows, or to the item that the round asked."""

    what: str
    last: Writing | None
    round: str
    documents: tuple[str, ...]
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True)
class Sum:
    """The rows that a sum counts, and the table that lists them."""

    what: str
    rows: list[Model]
    link: str
    fiscal_year: int


class Sources:
    def __init__(self, scope: Scope, rows: Iterable[Model | None] = ()) -> None:
        self.scope = scope
        self._asked: dict[str, set[int]] = defaultdict(set)
        self._sums: dict[str, Sum] = {}
        self.ask(rows)

    def ask(self, rows: Iterable[Model | None]) -> None:
        """Name rows whose source the page will show; before the first one is shown."""
        for row in rows:
            if row is not None:
                self._asked[row._meta.label_lower].add(row.pk)

    def ask_sum(
        self, name: str, what: str, rows: Iterable[Model | None], link: str, last: bool = False
    ) -> None:
        """Name the rows that a sum of the year, or of the last, counts; `link` lists them."""
        counted = [row for row in rows if row is not None]
        self.ask(counted)
        year = self.scope.fiscal_year - last
        self._sums[f"{name}-last" if last else name] = Sum(what, counted, link, year)

    @cached_property
    def _last(self) -> dict[tuple[str, int], Writing]:
        asked = Q()
        for kind, pks in self._asked.items():
            asked |= Q(object_type=kind, object_id__in=pks)
        if not asked:
            return {}
        entries = AuditEntry.objects.filter(asked)
        if self.scope.past is not None:
            entries = entries.filter(at__lt=self.scope.past.moment)
        newest = entries.order_by().values("object_type", "object_id").annotate(last=Max("pk"))
        return {
            (kind, pk): Writing(at, who, Channel(channel).label)
            for kind, pk, at, who, channel in AuditEntry.objects.filter(
                pk__in=newest.values("last")
            ).values_list("object_type", "object_id", "at", "actor_name", "channel")
        }

    @cached_property
    def _items(self) -> dict[tuple[str, int], int]:
        """The round's items by what they ask."""
        if self.scope.annual_round is None:
            return {}
        rows = self.scope.annual_round.items.values_list("kind", "object_id", "pk")
        return {(kind, thing): pk for kind, thing, pk in rows}

    @cached_property
    def _evidence(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        if self._items:
            rows = Evidence.objects.filter(item__cycle=self.scope.annual_round).order_by("added_at")
            for item, name in rows.values_list("item_id", "name"):
                found[item].append(name)
        return found

    def round_text(self, fiscal_year: int) -> str:
        cycle = self.scope.annual_rounds.get(fiscal_year)
        if cycle is None:
            return f"{fiscal_years.long_form(fiscal_year)}の照会はありません"
        return f"{cycle}（{cycle.get_state_display()}）"

    def of(self, row: Model | None) -> Source | None:
        """The source of one figure; None where there is no row."""
        if row is None:
            return None
        item = self._items.get(_asked_as(row))
        noted = [row.source_note] if getattr(row, "source_note", "") else []
        is_of_year = getattr(row, "fiscal_year", None) == self.scope.fiscal_year
        return Source(
            what=f"{row._meta.verbose_name}",
            last=self._last.get((row._meta.label_lower, row.pk)),
            round=self.round_text(self.scope.fiscal_year) if is_of_year else "",
            documents=(str(self.scope.plan), *noted, *self._evidence.get(item or 0, ())),
            link=reverse("rounds:item", args=[item]) if item and is_of_year else "",
            link_text="照会の項目と履歴" if item and is_of_year else "",
        )

    def sum(self, name: str) -> Source | None:
        """The source of a sum that was asked for under this name; None where it counts no row."""
        found = self._sums.get(name)
        if found is None or not found.rows:
            return None
        written = [
            last for row in found.rows if (last := self._last.get((row._meta.label_lower, row.pk)))
        ]
        notes = dict.fromkeys(
            note for row in found.rows if (note := getattr(row, "source_note", ""))
        )
        documents = [str(self.scope.plan), *list(notes)[:MOST_DOCUMENTS]]
        if len(notes) > MOST_DOCUMENTS:
            documents.append(f"ほか出典注記{len(notes) - MOST_DOCUMENTS}件")
        return Source(
            what=f"{found.what}{len(found.rows)}件",
            last=max(written, key=lambda last: last.at, default=None),
            round=self.round_text(found.fiscal_year),
            documents=tuple(documents),
            link=found.link,
            link_text="表を見る",
        )


Part = Callable[[Sources, Figures], None]


def _asked_as(row: Model) -> tuple[str, int]:
    """What a round calls the thing that the row is about."""
    kind = RoundItem.Kind
    if isinstance(row, Actual | Target):
        return kind.ACTUAL.value, row.indicator_id
    if isinstance(row, Review):
        return (
            (kind.REVIEW.value, row.measure_id)
            if row.measure_id
            else (kind.PROGRESS.value, row.project_id)
        )
    if isinstance(row, ScheduleEntry):
        return kind.PROGRESS.value, row.project_id
    return kind.SETTLEMENT.value, getattr(row, "project_id", 0)


def sources_of(figures: Figures, *parts: Part) -> Sources:
    """The sources of what a page shows: those of its parts, from rows that it reads anyway."""
    found = Sources(figures.scope)
    for part in parts:
        part(found, figures)
    return found


def of_marks(found: Sources, figures: Figures) -> None:
    reviews = [row for row in figures.standing.reviews() if row.mark_id is not None]
    table = f"{figures.scope.address('dashboard')}#areas-title"
    found.ask_sum("reviews", "施策の評価", reviews, table)


def of_indicators(found: Sources, figures: Figures) -> None:
    """Of the KPIs' year, and of the newest actual on each road."""
    table = f"{figures.scope.address('dashboard:indicators')}#road-title"
    kpi = figures.kpi.years if figures.kpi else []
    found.ask_sum("kpi", "KPIの実績値", [value.actual for value in kpi], table)
    values = [value for road in figures.roads.kpis for value in (road.this_year, road.latest)]
    actuals = {row.pk: row for value in values if value and (row := value.actual)}
    found.ask_sum("risk", "KPI・成果指標の実績値", actuals.values(), table)


def of_projects(found: Sources, figures: Figures) -> None:
    projects = figures.schedule.projects
    rows = [row for project in projects for row in (project.entry, project.review)]
    table = f"{figures.scope.address('dashboard:projects')}#gantt-title"
    found.ask_sum("projects", "事業の進捗（スケジュール・評価）", rows, table)
    found.ask(row.said for row in figures.schedule.late)
    found.ask(row.start_said_by for row in figures.schedule.starting)
    found.ask(row.project for row in figures.schedule.ending)


def of_budget(found: Sources, figures: Figures) -> None:
    rows = [entry for line in figures.budget.lines for entry in line.entries]
    table = f"{figures.scope.address('dashboard:budgets')}#lines-title"
    found.ask_sum("budget", "予算・決算", rows, table)


def of_last_year(found: Sources, figures: Figures) -> None:
    """What stands beside this year's figures."""
    if not figures.has_last_year:
        return
    last = figures.scope.fiscal_year - 1

    def table(name: str, title: str) -> str:
        return f"{figures.scope.address(name, fiscal_year=last)}#{title}"

    reviews = [row for row in figures.standing.reviews(last) if row.mark_id is not None]
    found.ask_sum("reviews", "施策の評価", reviews, table("dashboard", "areas-title"), last=True)
    kpi = figures.values.by_role(last).get(IndicatorUse.Role.KPI)
    actuals = [value.actual for value in kpi.years] if kpi else []
    roads = table("dashboard:indicators", "road-title")
    found.ask_sum("kpi", "KPIの実績値", actuals, roads, last=True)
    entries = [entry for line in figures.last_budget.lines for entry in line.entries]
    lines = table("dashboard:budgets", "lines-title")
    found.ask_sum("budget", "予算・決算", entries, lines, last=True)
