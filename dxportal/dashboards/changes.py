"""What differs between a past day and now, line by line, with who changed it last and when."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Model
from django.urls import reverse

from budgets import money
from dxportal.dashboards.budgets import Amounts
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.past import LastChange, PastDay
from dxportal.dashboards.projects import ScheduledProject
from kpi.series import YearValues
from projects.models import Review

NOTHING = "記載なし"


@dataclass(frozen=True)
class Changed:
    """One thing that the dashboards of both moments say differently."""

    kind: str
    name: str
    link: str
    item: str
    before: str
    after: str
    last: LastChange | None


@dataclass(frozen=True)
class ChangesSince:
    rows: list[Changed]
    deleted: list[str]


def changes_since(then: Figures, now: Figures) -> ChangesSince:
    """The year's marks, values, stages and money; and what of the plan is gone since."""
    past = then.scope.past
    assert past is not None, "only a past day has changes since"  # for the type
    rows = [
        *_marks(then, now, past),
        *_values(then, now, past),
        *_stages(then, now, past),
        *_money(then, now, past),
    ]
    return ChangesSince(rows, past.deleted)


def _last(past: PastDay, *rows: Model | None) -> LastChange | None:
    found = [change for row in rows if row is not None and (change := past.last_change(row))]
    return max(found, key=lambda change: change.at, default=None)


def _marks(then: Figures, now: Figures, past: PastDay) -> Iterator[Changed]:
    before = {row.measure_id: row for row in then.standing.reviews()}
    after = {row.measure_id: row for row in now.standing.reviews()}
    for measure in now.scope.measures:
        old, new = before.get(measure.pk), after.get(measure.pk)
        if _mark(old) != _mark(new):
            address = reverse("plans:measure", args=[measure.pk])
            yield Changed(
                str(measure.level.name), str(measure),
                f"{address}?fiscal_year={now.scope.fiscal_year}",
                "進捗", _mark(old), _mark(new), _last(past, old, new),
            )  # fmt: skip


def _mark(review: Review | None) -> str:
    return str(review.mark) if review is not None and review.mark is not None else NOTHING


def _values(then: Figures, now: Figures, past: PastDay) -> Iterator[Changed]:
    year = now.scope.fiscal_year
    for indicator in now.values.rows:
        new = now.values.years[indicator.pk][year]
        old = then.values.years.get(indicator.pk, {}).get(year)
        link = f"{reverse('kpi:indicator', args=[indicator.pk])}?fiscal_year={year}"
        if old is None:
            yield Changed(
                "指標",
                indicator.shown_name,
                link,
                "追加",
                "なし",
                "あり",
                past.last_change(indicator),
            )
            continue
        yield from (
            Changed("指標", indicator.shown_name, link, item, was, is_now, _last(past, *rows))
            for item, was, is_now, rows in _sides(old, new)
            if was != is_now
        )


def _sides(
    old: YearValues, new: YearValues
) -> Iterator[tuple[str, str, str, tuple[Model | None, ...]]]:
    yield (
        "目標", old.target_text or NOTHING, new.target_text or NOTHING, (old.target, new.target)
    )  # fmt: skip
    yield (
        "実績", old.actual_text or "未入力", new.actual_text or "未入力", (old.actual, new.actual)
    )  # fmt: skip


def _stages(then: Figures, now: Figures, past: PastDay) -> Iterator[Changed]:
    before = {row.project.pk: row for row in then.schedule.projects}
    for row in now.schedule.projects:
        old = before.get(row.project.pk)
        if old is None:
            yield _of_project(now, row, "追加", "なし", "あり", past.last_change(row.placement))
            continue
        for item, field in (("予定の段階", "planned"), ("実績の段階", "actual")):
            was, is_now = _stage(old, field), _stage(row, field)
            if was != is_now:
                yield _of_project(now, row, item, was, is_now, _last(past, old.entry, row.entry))
        if _mark(old.review) != _mark(row.review):
            change = _last(past, old.review, row.review)
            yield _of_project(now, row, "進捗", _mark(old.review), _mark(row.review), change)


def _stage(row: ScheduledProject, field: str) -> str:
    if row.entry is None:
        return NOTHING
    return str(getattr(row.entry, f"get_{field}_display")()) or NOTHING


def _of_project(
    now: Figures,
    row: ScheduledProject,
    item: str,
    before: str,
    after: str,
    last: LastChange | None,
) -> Changed:
    scope = now.scope
    address = reverse("projects:detail", args=[row.project.pk])
    link = f"{address}?plan={scope.plan.pk}&fiscal_year={scope.fiscal_year}"
    return Changed("事業", str(row.placement), link, item, before, after, last)


def _money(then: Figures, now: Figures, past: PastDay) -> Iterator[Changed]:
    before = {line.placement.project_id: line for line in then.budget.lines}
    rows = {row.project.pk: row for row in now.schedule.projects}
    for line in now.budget.lines:
        pk = line.placement.project_id
        old = before[pk].amounts if pk in before else Amounts()
        for item, was, is_now in (
            ("予算現額", old.current, line.amounts.current),
            ("決算", old.settled, line.amounts.settled),
        ):
            if was != is_now:
                entries = [*(before[pk].entries if pk in before else ()), *line.entries]
                yield _of_project(
                    now, rows[pk], item, _yen(was), _yen(is_now), _last(past, *entries)
                )


def _yen(amount: int | None) -> str:
    return NOTHING if amount is None else f"{money.thousands(amount):,}千円"
