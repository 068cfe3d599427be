"""Two plans of one organization, or two editions of one plan, compared by the keys of their rows.

Not compared: where a row's facts come from (出典注記), and the order of rows that have no key but
their place. Values, projects and indicators that both plans share differ in nothing but in what
each plan says of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from django.db import models

from dxportal.comparison.contents import Contents, identity, measure_of, shown
from dxportal.comparison.differences import Change, Comparison, Difference, Subject, moved_among
from dxportal.planbook.columns import Column, Kind, Sheet
from dxportal.planbook.sheets import SHEETS
from dxportal.revisions.services import copied_sheets
from kpi.achievement import format_target
from kpi.models import Indicator, IndicatorUse, Target
from kpi.series import target_in_force
from plans import fiscal_years
from plans.models import Measure, Plan
from projects.models import Placement, ProjectDepartment
from projects.models.projects import joined_departments

SUBJECTS = {
    "levels": Subject.LEVELS,
    "measures": Subject.MEASURES,
    "target_states": Subject.MEASURES,
    "milestones": Subject.MEASURES,
    "indicator_uses": Subject.INDICATORS,
    "sections": Subject.SECTIONS,
}
# Sheets with rules of their own, below.
BY_PROJECT = frozenset({"placements", "project_departments"})
IGNORED = frozenset({"position", "source_note"})
NAMES = frozenset({"name", "short_name", "title"})
PLAN_COLUMNS = ("name", "first_fiscal_year", "last_fiscal_year", "summary")
PLACE_COLUMNS = ("code", "is_leading", "summary", "period_text")


def compare_plans(old: Plan, new: Plan) -> Comparison:
    """What differs from the old plan to the new one, in a fixed number of queries."""
    before, after = Contents.of(old), Contents.of(new)
    keys = {row.key for row in before.measures} & {row.key for row in after.measures}
    differences = [*_plan_itself(old, new)]
    for sheet in copied_sheets():
        if sheet.name not in BY_PROJECT:
            differences += _of_sheet(sheet, before, after)
    differences += _order_of_measures(before, after)
    differences += _placements(before, after)
    differences += _departments(before, after)
    differences += _targets(before, after)
    return Comparison(differences, shares_measures=bool(keys))


def _plan_itself(old: Plan, new: Plan) -> Iterator[Difference]:
    sheet = next(sheet for sheet in SHEETS if sheet.model is Plan)
    columns = [sheet.column(name) for name in PLAN_COLUMNS]
    yield from _of_columns(Subject.PLAN, columns, old, new)


def _of_sheet(sheet: Sheet, before: Contents, after: Contents) -> Iterator[Difference]:
    """Rows that are in one of the plans only, and what differs in those that are in both."""
    subject = SUBJECTS.get(sheet.name, Subject.OTHERS)
    old_rows, new_rows = before.by_key(sheet), after.by_key(sheet)
    columns = [c for c in sheet.columns if c.name not in IGNORED and c.name not in sheet.key]
    for key, old in old_rows.items():
        if key not in new_rows:
            yield _difference(subject, Change.DROPPED, old, None)
    for key, new in new_rows.items():
        if key in old_rows:
            yield from _of_columns(subject, columns, old_rows[key], new)
        else:
            yield _difference(subject, Change.ADDED, None, new)


def _of_columns(
    subject: Subject, columns: Iterable[Column], old: models.Model, new: models.Model
) -> Iterator[Difference]:
    for column in columns:
        if identity(old, column) != identity(new, column):
            about = Subject.DEPARTMENTS if column.refers_to == "departments" else subject
            yield _difference(
                about,
                _change_of(new, column),
                old,
                new,
                item=_item(new, column),
                before=shown(old, column),
                after=shown(new, column),
            )


def _item(row: models.Model, column: Column) -> str:
    # The tree's own field has no Japanese name.
    if column.name == "parent":
        return "上位の施策"
    return str(row._meta.get_field(column.field).verbose_name)  # type: ignore[union-attr]  # a column of its own


def _change_of(row: models.Model, column: Column) -> Change:
    if column.name in NAMES:
        return Change.RENAMED
    if column.name == "parent":
        return Change.MOVED
    if column.kind is Kind.TEXT and isinstance(row._meta.get_field(column.field), models.TextField):
        return Change.REWORDED
    return Change.CHANGED


def _difference(
    subject: Subject,
    change: Change,
    old: models.Model | None,
    new: models.Model | None,
    **said: Any,
) -> Difference:
    """About a row of either plan; a row of no subject of its own says what kind it is."""
    row = new if new is not None else old
    assert row is not None
    what, where = _what(row, subject), _where(row)
    if change is Change.ADDED and "after" not in said:
        said["after"] = what
    elif change is Change.DROPPED and "before" not in said:
        said["before"] = what
    if isinstance(row, IndicatorUse):
        said.setdefault("item", row.get_role_display())
    at_old = measure_of(old) if old is not None else None
    at_new = measure_of(new) if new is not None else None
    return Difference(
        subject,
        change,
        what,
        where=where,
        measure_before=at_old.pk if at_old else None,
        measure_after=at_new.pk if at_new else None,
        **said,
    )


def _what(row: models.Model, subject: Subject) -> str:
    if isinstance(row, Measure | Placement | Plan) or subject in (Subject.LEVELS, Subject.SECTIONS):
        return str(row)
    if subject is Subject.INDICATORS:
        return str(row.indicator)  # type: ignore[attr-defined]  # a use of one
    return f"{row._meta.verbose_name}：{row}"


def _where(row: models.Model) -> str:
    if isinstance(row, Measure):
        return f"{row.level}（{row.parent}）" if row.parent else str(row.level)
    project = getattr(row, "project", None)
    place = measure_of(row) or project
    return str(place) if place is not None else ""


def _order_of_measures(before: Contents, after: Contents) -> Iterator[Difference]:
    """Measures that stand elsewhere among the same siblings."""
    old_by_key = {row.key: row for row in before.measures}
    old_siblings, new_siblings = _siblings(before.measures), _siblings(after.measures)
    for parent, new in new_siblings.items():
        old = [row.key for row in old_siblings.get(parent, [])]
        common = [row.key for row in new if row.key in old]
        was = [key for key in old if key in common]
        moved = moved_among(was, common)
        for row in new:
            if row.key in moved:
                yield _difference(
                    Subject.MEASURES,
                    Change.REORDERED,
                    old_by_key[row.key],
                    row,
                    item="並び順",
                    before=f"{len(was)}件中{was.index(row.key) + 1}番目",
                    after=f"{len(was)}件中{common.index(row.key) + 1}番目",
                )


def _siblings(measures: list[Measure]) -> dict[str, list[Measure]]:
    found: dict[str, list[Measure]] = defaultdict(list)
    for row in measures:
        found[row.parent.key if row.parent else ""].append(row)
    return found


Pair = tuple[Placement | None, Placement | None]


def _placements(before: Contents, after: Contents) -> Iterator[Difference]:
    pairs: list[Pair] = []
    old_rows, new_rows = _by_project(before), _by_project(after)
    for key in dict.fromkeys([*old_rows, *new_rows]):
        of_project = _paired(old_rows.get(key, []), new_rows.get(key, []))
        yield from _of_project(of_project)
        pairs += of_project
    yield from _order_of_placements(pairs)


def _by_project(contents: Contents) -> dict[str, list[Placement]]:
    order = {row.pk: index for index, row in enumerate(contents.measures)}
    rows: list[Placement] = contents.rows["placements"]
    found: dict[str, list[Placement]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (order[row.measure_id], row.position, row.pk)):
        found[row.project.key].append(row)
    return found


def _paired(old: list[Placement], new: list[Placement]) -> list[Pair]:
    """Which place of a project is which: the same place and number first, what is left moved."""
    pairs: list[Pair] = []
    old, new = list(old), list(new)
    for same in (
        lambda a, b: (a.measure.key, a.code) == (b.measure.key, b.code),
        lambda a, b: a.measure.key == b.measure.key,
        lambda a, b: a.code == b.code and a.is_primary == b.is_primary,
    ):
        for row in list(old):
            match = next((other for other in new if same(row, other)), None)
            if match is not None:
                pairs.append((row, match))
                old.remove(row)
                new.remove(match)
    return [*pairs, *zip_longest(old, new)]


def _of_project(pairs: list[Pair]) -> Iterator[Difference]:
    sheet = next(sheet for sheet in SHEETS if sheet.model is Placement)
    columns = [sheet.column(name) for name in PLACE_COLUMNS]
    main_before = next((pair for pair in pairs if pair[0] and pair[0].is_primary), None)
    main_after = next((pair for pair in pairs if pair[1] and pair[1].is_primary), None)
    # Between two places that are both in both plans: it is no addition and no move.
    switched = (
        main_before is not main_after
        and main_before is not None
        and main_after is not None
        and None not in (*main_before, *main_after)
    )
    for old, new in pairs:
        if old is None or new is None:
            change = Change.ADDED if old is None else Change.DROPPED
            row = new or old
            assert row is not None
            side = {"after" if old is None else "before": str(row.measure)}
            yield _difference(Subject.PROJECTS, change, old, new, item="掲載先", **side)
            continue
        yield from _of_columns(Subject.PROJECTS, columns, old, new)
        if old.title != new.title:
            yield _difference(
                Subject.PROJECTS, Change.RENAMED, old, new,
                item="事業の名称", before=old.title, after=new.title,
            )  # fmt: skip
        if old.measure.key != new.measure.key:
            yield _difference(
                Subject.PROJECTS, Change.MOVED, old, new,
                item="掲載先", before=str(old.measure), after=str(new.measure),
            )  # fmt: skip
        if not switched and old.repeat_label != new.repeat_label:
            yield _difference(
                Subject.PROJECTS, Change.CHANGED, old, new, item="掲載の種類",
                before=old.repeat_label or "主たる掲載", after=new.repeat_label or "主たる掲載",
            )  # fmt: skip
    if switched and main_before and main_after:
        yield _difference(
            Subject.PROJECTS, Change.CHANGED, main_before[0], main_after[1], item="主たる掲載",
            before=str(main_before[0].measure) if main_before[0] else "",
            after=str(main_after[1].measure) if main_after[1] else "",
        )  # fmt: skip


def _order_of_placements(pairs: Sequence[Pair]) -> Iterator[Difference]:
    """Projects that stand elsewhere among those of the same measure."""
    at: dict[str, list[tuple[Placement, Placement]]] = defaultdict(list)
    for old, new in pairs:
        if old and new and old.measure.key == new.measure.key:
            at[new.measure.key].append((old, new))
    for both in at.values():
        was = [new.pk for old, new in sorted(both, key=lambda p: (p[0].position, p[0].pk))]
        now = [new.pk for old, new in sorted(both, key=lambda p: (p[1].position, p[1].pk))]
        moved = moved_among(was, now)
        for old, new in both:
            if new.pk in moved:
                yield _difference(
                    Subject.PROJECTS, Change.REORDERED, old, new, item="並び順",
                    before=f"{len(was)}件中{was.index(new.pk) + 1}番目",
                    after=f"{len(now)}件中{now.index(new.pk) + 1}番目",
                )  # fmt: skip


def _departments(before: Contents, after: Contents) -> Iterator[Difference]:
    """Who is in charge of the projects that stand in both plans."""
    was, now = _in_charge(before), _in_charge(after)
    for project, place in after.main_places.items():
        old_place = before.main_places.get(project)
        names = was.get(project, ""), now.get(project, "")
        if old_place is not None and names[0] != names[1]:
            yield _difference(
                Subject.DEPARTMENTS, Change.CHANGED, old_place, place,
                item="所管課", before=names[0], after=names[1],
            )  # fmt: skip


def _in_charge(contents: Contents) -> dict[int, str]:
    links: dict[int, list[ProjectDepartment]] = defaultdict(list)
    rows: list[ProjectDepartment] = contents.rows["project_departments"]
    for row in sorted(rows, key=lambda row: (row.position, row.pk)):
        links[row.project_id].append(row)
    return {pk: joined_departments(rows, lambda dep: dep.name) for pk, rows in links.items()}


def _targets(before: Contents, after: Contents) -> Iterator[Difference]:
    """Targets that do not hold alike for both plans, of the indicators that both use."""
    used_before = {use.indicator_id for use in before.rows["indicator_uses"]}
    uses = {
        u.indicator_id: u for u in after.rows["indicator_uses"] if u.indicator_id in used_before
    }
    indicators: dict[int, Indicator] = {pk: use.indicator for pk, use in uses.items()}
    revisions: dict[tuple[int, int, str], list[Target]] = defaultdict(list)
    for target in Target.objects.filter(indicator__in=uses).order_by("fiscal_year", "kind"):
        revisions[target.indicator_id, target.fiscal_year, target.kind].append(target)
    for (pk, year, kind), rows in revisions.items():
        old = target_in_force(rows, before.plan.later_editions)
        new = target_in_force(rows, after.plan.later_editions)
        if old == new:
            continue
        texts = format_target(indicators[pk], old), format_target(indicators[pk], new)
        if texts[0] == texts[1]:
            continue
        change = Change.ADDED if old is None else Change.DROPPED if new is None else Change.CHANGED
        place = measure_of(uses[pk])
        yield Difference(
            Subject.TARGETS, change, str(indicators[pk]),
            item=f"{fiscal_years.long_form(year)}の{Target.Kind(kind).label}",
            before=texts[0], after=texts[1],
            where=str(place or uses[pk].project),
            note=f"単位：{indicators[pk].unit}" if indicators[pk].unit else "",
            measure_after=place.pk if place else None,
        )  # fmt: skip
