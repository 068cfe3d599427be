"""Two fiscal years of one plan: what starts and ends, marks, targets, actuals, money, names."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from accounts.models import DepartmentSuccession
from budgets import money
from budgets.models import BudgetEntry
from dxportal.comparison.differences import Change, Comparison, Difference, Subject
from kpi.models import DefinitionChange, Indicator, IndicatorUse
from kpi.series import YearValues, years_of
from plans import fiscal_years
from plans.models import Measure, Plan
from plans.tree_order import measures_in_order
from projects.models import Milestone, Placement, ProjectDepartment, Review, ScheduleEntry


def compare_years(plan: Plan, earlier: int, later: int) -> Comparison:
    """What differs from the earlier to the later year, in a fixed number of queries."""
    return _Years(plan, earlier, later).compare()


class _Years:
    """One comparison: the plan's measures and projects are read once for all of its parts."""

    def __init__(self, plan: Plan, earlier: int, later: int) -> None:
        self.plan, self.earlier, self.later = plan, earlier, later
        self.measures = measures_in_order(plan)
        self.by_pk = {row.pk: row for row in self.measures}
        order = {row.pk: index for index, row in enumerate(self.measures)}
        places = sorted(
            Placement.objects.filter(plan=plan).select_related("project", "measure"),
            key=lambda row: (not row.is_primary, order[row.measure_id], row.position, row.pk),
        )
        # Each project once, where it mainly stands.
        self.places: dict[int, Placement] = {}
        for place in places:
            self.places.setdefault(place.project_id, place)
        self.notes: dict[Subject, str] = {}

    def compare(self) -> Comparison:
        differences = [
            *self._periods(),
            *self._stages(),
            *self._marks(),
            *self._values(),
            *self._definitions(),
            *self._budgets(),
            *self._departments(),
        ]
        return Comparison(differences, self.notes)

    def _difference(
        self, subject: Subject, change: Change, at: Measure | Placement, **said: Any
    ) -> Difference:
        """About a measure, or a project where it mainly stands."""
        measure = at.measure if isinstance(at, Placement) else at
        where = str(measure) if isinstance(at, Placement) else self._place_of(measure)
        said = {"what": str(at), "where": where, **said}
        return Difference(subject, change, measure_after=measure.pk, **said)

    def _place_of(self, measure: Measure) -> str:
        above = self.by_pk.get(measure.parent_id or 0)
        return f"{measure.level}（{above}）" if above else str(measure.level)

    def _starts(self, year: int | None) -> bool:
        return year is not None and self.earlier < year <= self.later

    def _ends(self, year: int | None) -> bool:
        """Its last year is over in the later one."""
        return year is not None and self.earlier <= year < self.later

    def _periods(self) -> Iterator[Difference]:
        steps = Milestone.objects.filter(measure__plan=self.plan).select_related(
            "measure__level", "project"
        )
        rows: list[tuple[Any, Measure | Placement, str]] = [
            (place.project, place, "事業の期間") for place in self.places.values()
        ]
        rows += [(step, step.measure, step.text) for step in steps.order_by("measure", "position")]
        for row, at, item in rows:
            for year, falls, change in (
                (row.first_fiscal_year, self._starts, Change.STARTS),
                (row.last_fiscal_year, self._ends, Change.ENDS),
            ):
                if falls(year):
                    word = "から" if change is Change.STARTS else "まで"
                    side = "after" if change is Change.STARTS else "before"
                    said = {side: f"{fiscal_years.long_form(year)}{word}"}
                    yield self._difference(Subject.PERIODS, change, at, item=item, **said)

    def _stages(self) -> Iterator[Difference]:
        """The stage (検討・構築・運用) that the schedule plans for each year."""
        entries: dict[int, dict[int, ScheduleEntry]] = defaultdict(dict)
        for entry in ScheduleEntry.objects.filter(
            project__in=self.places, fiscal_year__in=(self.earlier, self.later)
        ):
            entries[entry.project_id][entry.fiscal_year] = entry
        for project, place in self.places.items():
            before, after = (
                _stage(entries[project].get(year)) for year in (self.earlier, self.later)
            )
            if before != after:
                change = (
                    Change.STARTS if not before else Change.ENDS if not after else Change.CHANGED
                )
                yield self._difference(
                    Subject.PERIODS, change, place, item="予定の段階", before=before, after=after
                )

    def _marks(self) -> Iterator[Difference]:
        """Marks that both years have; those that stay the same or lack one are counted."""
        at: dict[tuple[int | None, int | None], dict[int, Review]] = defaultdict(dict)
        reviews = Review.objects.filter(
            plan=self.plan, fiscal_year__in=(self.earlier, self.later)
        ).select_related("mark")
        for review in reviews:
            at[review.measure_id, review.project_id][review.fiscal_year] = review
        subjects: list[tuple[tuple[int | None, int | None], Measure | Placement]] = [
            ((measure.pk, None), measure) for measure in self.measures
        ]
        subjects += [((None, pk), place) for pk, place in self.places.items()]
        same = unsaid = 0
        for key, subject in subjects:
            before, after = (
                found.mark if (found := at[key].get(year)) else None
                for year in (self.earlier, self.later)
            )
            if before == after:
                same += before is not None
                continue
            if before is None or after is None:
                unsaid += 1
                continue
            change = Change.CHANGED
            if before.position != after.position:
                change = Change.BETTER if after.position < before.position else Change.WORSE
            yield self._difference(
                Subject.MARKS, change, subject, item="進捗",
                before=str(before), after=str(after),
            )  # fmt: skip
        told = [f"評価が同じもの：{same}件"] if same else []
        if unsaid:
            told.append(f"どちらかの年度に評価がないもの：{unsaid}件")
        self.notes[Subject.MARKS] = "、".join(told)

    def _values(self) -> Iterator[Difference]:
        uses = self._uses()
        indicators = (
            Indicator.objects.filter(pk__in=uses).prefetch_related("targets", "actuals")
        ).in_bulk()
        same: Counter[Subject] = Counter()
        unknown = self._years_without_actuals(indicators.values())
        if unknown:
            told = "、".join(fiscal_years.long_form(year) for year in unknown)
            self.notes[Subject.ACTUALS] = f"{told}の実績はまだないため、比べていません。"
        for pk, use in uses.items():
            years = (self.earlier, self.later)
            before, after = years_of(indicators[pk], years, self.plan.later_editions)
            for subject, was, now, change in (
                (Subject.TARGETS, before.target_text, after.target_text, Change.CHANGED),
                (Subject.ACTUALS, before.actual_text, after.actual_text, _course(before, after)),
            ):
                if subject is Subject.ACTUALS and unknown:
                    continue
                if was == now:
                    same[subject] += bool(was)
                    continue
                unit = indicators[pk].unit
                yield self._of_use(
                    subject, change, use, indicators[pk],
                    item=subject.label, before=was, after=now,
                    note=f"単位：{unit}" if unit else "",
                )  # fmt: skip
        for subject, count in same.items():
            if count:
                self.notes[subject] = f"{subject.label}が同じ指標：{count}件"

    def _years_without_actuals(self, indicators: Iterable[Indicator]) -> list[int]:
        """Which of both years nobody has entered anything for."""
        known = {actual.fiscal_year for row in indicators for actual in row.actuals.all()}
        return [year for year in (self.earlier, self.later) if year not in known]

    def _uses(self) -> dict[int, IndicatorUse]:
        """Each indicator once, with its first use: those of measures first, as the tree reads."""
        order = {row.pk: index for index, row in enumerate(self.measures)}
        places = {pk: index for index, pk in enumerate(self.places)}
        rows = IndicatorUse.objects.filter(plan=self.plan).select_related("measure", "project")
        found: dict[int, IndicatorUse] = {}
        for use in sorted(
            rows,
            key=lambda use: (
                use.measure_id is None,
                order.get(use.measure_id or 0, 0),
                places.get(use.project_id or 0, 0),
                use.position,
                use.pk,
            ),
        ):
            found.setdefault(use.indicator_id, use)
        return found

    def _of_use(
        self,
        subject: Subject,
        change: Change,
        use: IndicatorUse,
        indicator: Indicator,
        **said: Any,
    ) -> Difference:
        return Difference(
            subject,
            change,
            indicator.shown_name,
            where=str(use.measure or use.project),
            measure_after=use.measure_id,
            **said,
        )

    def _definitions(self) -> Iterator[Difference]:
        changes = (
            DefinitionChange.objects.filter(
                indicator__uses__plan=self.plan,
                from_fiscal_year__gt=self.earlier,
                from_fiscal_year__lte=self.later,
            )
            .distinct()
            .select_related("indicator")
        )
        for row in changes:
            said = [row.name, row.unit and f"単位：{row.unit}", row.formula, row.rationale]
            yield Difference(
                Subject.DEFINITIONS, Change.CHANGED, row.indicator.shown_name,
                item=f"{fiscal_years.long_form(row.from_fiscal_year)}から",
                after="、".join(part for part in said if part), note=row.note,
            )  # fmt: skip

    def _budgets(self) -> Iterator[Difference]:
        """当初予算; a project counts once, where it mainly stands."""
        entries: dict[int, dict[int, BudgetEntry]] = defaultdict(dict)
        years = (self.earlier, self.later)
        for entry in BudgetEntry.objects.filter(
            project__in=self.places, fiscal_year__in=years, stage=BudgetEntry.Stage.INITIAL
        ):
            entries[entry.project_id][entry.fiscal_year] = entry
        if not entries:
            return
        for project, place in self.places.items():
            before, after = (entries[project].get(year) for year in years)
            if _amount_text(before) != _amount_text(after):
                yield self._difference(
                    Subject.BUDGETS,
                    Change.ADDED if before is None
                    else Change.DROPPED if after is None
                    else Change.CHANGED,
                    place,
                    item="当初予算", before=_amount_text(before), after=_amount_text(after),
                    note=_money_difference(before, after),
                )  # fmt: skip
        self.notes[Subject.BUDGETS] = _sums(
            [of[year] for of in entries.values() if year in of] for year in years
        )

    def _departments(self) -> Iterator[Difference]:
        """Departments in charge that were reorganised between the two years."""
        named = set(
            ProjectDepartment.objects.filter(plan=self.plan).values_list("department", flat=True)
        ) | {measure.department_id for measure in self.measures if measure.department_id}
        named |= set(
            Indicator.objects.in_plan(self.plan.pk)
            .filter(department__isnull=False)
            .values_list("department", flat=True)
        )
        successions = (
            DepartmentSuccession.objects.filter(
                predecessor__in=named,
                on__range=(
                    fiscal_years.first_day(self.earlier) + datetime.timedelta(days=1),
                    fiscal_years.last_day(self.later),
                ),
            )
            .select_related("predecessor", "successor")
            .order_by("on", "predecessor", "pk")
        )
        for old, rows in _by_predecessor(successions).items():
            yield Difference(
                Subject.DEPARTMENTS, Change.CHANGED, old, item=f"{rows[0].on:%Y年%-m月%-d日}の改編",
                before=old, after="、".join(str(row.successor) for row in rows),
            )  # fmt: skip


def _by_predecessor(
    rows: Iterable[DepartmentSuccession],
) -> dict[str, list[DepartmentSuccession]]:
    found: dict[str, list[DepartmentSuccession]] = defaultdict(list)
    for row in rows:
        found[str(row.predecessor)].append(row)
    return found


def _stage(entry: ScheduleEntry | None) -> str:
    if entry is None:
        return ""
    return entry.get_planned_display() or (entry.text if not entry.actual else "")


def _course(before: YearValues, after: YearValues) -> Change:
    """Whether the actual went the way that the indicator wishes for."""
    if not (before.actual and after.actual and before.actual.has_number):
        return Change.CHANGED
    was, now = before.actual.value, after.actual.value
    if was is None or now is None or was == now or not after.actual.has_number:
        return Change.CHANGED
    match after.indicator.direction:
        case Indicator.Direction.INCREASE:
            return Change.BETTER if now > was else Change.WORSE
        case Indicator.Direction.DECREASE:
            return Change.BETTER if now < was else Change.WORSE
    return Change.CHANGED


def _amount_text(entry: BudgetEntry | None) -> str:
    if entry is None:
        return ""
    if entry.is_zero_budget:
        return "ゼロ予算"
    return "金額の記載なし" if entry.amount is None else _yen_text(entry.amount)


def _yen_text(yen: int) -> str:
    """In thousands where that is exact."""
    if money.is_whole_thousands(yen):
        return f"{money.thousands(yen):,}千円"
    return f"{yen:,}円"


def _sums(years: Iterable[list[BudgetEntry]]) -> str:
    """Both years' sums; nothing where one of them has no amount at all."""
    amounts = [[row.amount for row in rows if row.amount is not None] for rows in years]
    if not all(amounts):
        return ""
    before, after = (sum(stated) for stated in amounts)
    return f"合計：{_yen_text(before)} → {_yen_text(after)}（{_signed(after - before)}）"


def _signed(yen: int) -> str:
    sign = "△" if yen < 0 else "+" if yen > 0 else "±"
    return sign + _yen_text(abs(yen))


def _money_difference(before: BudgetEntry | None, after: BudgetEntry | None) -> str:
    if before is None or after is None or before.amount is None or after.amount is None:
        return ""
    return f"差：{_signed(after.amount - before.amount)}"
