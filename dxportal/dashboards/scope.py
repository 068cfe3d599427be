"""What a dashboard is about: a plan, a year, and the conditions that narrow it.

Indicators and projects are narrowed by the same FilterSets as their lists, so that a figure and
the list that it leads to cannot differ.
"""

import datetime
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import Department, User
from dxportal.dashboards.past import PastDay, log_begins
from kpi.filters import IndicatorFilterSet
from kpi.models import Indicator
from kpi.shown_year import ShownYear, shown_year
from plans.models import Measure, Plan, ReportingCycle
from plans.shown_plan import shown_plan
from plans.tree_order import measures_in_order
from projects.filters import ProjectFilterSet
from projects.models import Placement, Project, ProjectDepartment, Tag

CONDITIONS = ("measure", "department", "tag", "is_leading", "as_of")
# Pages that can show a past day; lists and the entry of rounds are always of today.
PAGES_OF_A_DAY = (
    "dashboard",
    "dashboard:indicators",
    "dashboard:projects",
    "dashboard:budgets",
    "dashboard:logic",
    "dashboard:meeting",
)


class ConditionForm(forms.Form):
    """The conditions of the address; choices are rows of the plan and its organization alone."""

    plan = forms.ModelChoiceField(Plan.objects.none(), label="計画", empty_label=None)
    measure = forms.ModelChoiceField(
        Measure.objects.none(),
        label="施策（これより下を含む）",
        required=False,
        empty_label="すべて",
    )
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label="所管課（これより下を含む）",
        required=False,
        empty_label="すべて",
    )
    tag = forms.ModelChoiceField(
        Tag.objects.none(), label="タグ", required=False, empty_label="すべて"
    )
    is_leading = forms.BooleanField(label="リーディングプロジェクトだけ", required=False)
    as_of = forms.DateField(
        label="いつの時点で見るか",
        required=False,
        help_text="空欄は現在です。過去の日を選ぶと、その日の終わりの状態と、その後の変化を示します。",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, user: User | AnonymousUser, plan: Plan, data: dict[str, str]) -> None:
        super().__init__(data)
        self.of_plan = plan
        city = plan.organization_id
        choices: dict[str, QuerySet] = {
            "plan": Plan.objects.visible_to(user).select_related("organization"),
            "measure": Measure.objects.visible_to(user).filter(plan=plan, parent__isnull=True)
            | Measure.objects.visible_to(user).filter(
                plan=plan, parent__isnull=False, parent__parent__isnull=True
            ),
            "department": Department.objects.visible_to(user).filter(organization=city),
            "tag": Tag.objects.visible_to(user).filter(scheme__organization=city),
        }
        for name, rows in choices.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        if "measure" in data and data["measure"].isdigit():
            # A measure further down may be asked for by a link.
            self.fields["measure"].queryset = (  # type: ignore[attr-defined]
                choices["measure"]
                | Measure.objects.visible_to(user).filter(plan=plan, pk=data["measure"])
            )

    def clean_as_of(self) -> datetime.date | None:
        day: datetime.date | None = self.cleaned_data["as_of"]
        if day is None:
            return None
        if day > timezone.localdate():
            raise forms.ValidationError("今日より後の日は選べません。")
        begun = log_begins(self.of_plan)
        if begun is None:
            raise forms.ValidationError(
                "この計画には変更の記録がないため、過去の状態は分かりません。"
            )
        if day < begun:
            raise forms.ValidationError(
                f"この計画の記録は{begun:%Y年%-m月%-d日}に始まります。それより前の日の状態は分かりません。"
            )
        return day


class Scope:
    """One plan and year under the conditions; its rows are read once for a page."""

    def __init__(
        self, user: User | AnonymousUser, plan: Plan, year: ShownYear, form: ConditionForm
    ) -> None:
        self.user, self.plan, self.year, self.form = user, plan, year, form
        valid = form.is_valid()
        chosen = form.cleaned_data if valid else {}
        self.measure: Measure | None = chosen.get("measure")
        self.department: Department | None = chosen.get("department")
        self.tag: Tag | None = chosen.get("tag")
        self.is_leading: bool = bool(chosen.get("is_leading"))
        self.as_of: datetime.date | None = chosen.get("as_of")
        self.past = PastDay(plan, self.as_of) if self.as_of else None

    @cached_property
    def today(self) -> "Scope":
        """The same plan, year and conditions as they are now."""
        data = {name: value for name, value in self.form.data.items() if name != "as_of"}
        return Scope(self.user, self.plan, self.year, ConditionForm(self.user, self.plan, data))

    def rows(self, queryset: QuerySet, **where: Collection[Any]) -> list[Any]:
        """A selection as it stands, or stood on the day; `where` names attributes."""
        if self.past is not None:
            return self.past.rows(queryset, **where)
        return list(queryset.filter(**{f"{name}__in": list(ok) for name, ok in where.items()}))

    @property
    def fiscal_year(self) -> int:
        return self.year.fiscal_year

    @cached_property
    def annual_rounds(self) -> dict[int, ReportingCycle]:
        """The plan's annual rounds by year, as they are now."""
        rounds = self.plan.cycles.filter(kind=ReportingCycle.Kind.ANNUAL)
        return {cycle.fiscal_year: cycle for cycle in rounds}

    @property
    def annual_round(self) -> ReportingCycle | None:
        return self.annual_rounds.get(self.fiscal_year)

    @cached_property
    def conditions(self) -> dict[str, str]:
        """The conditions as the address carries them, without plan and year."""
        found: dict[str, str] = {}
        for name in ("measure", "department", "tag"):
            row = getattr(self, name)
            if row is not None:
                found[name] = str(row.pk)
        if self.is_leading:
            found["is_leading"] = "true"
        return found

    @property
    def narrowing(self) -> str:
        """The conditions but for the department, for lists that name one of their own."""
        return urlencode({k: v for k, v in self.conditions.items() if k != "department"})

    @cached_property
    def condition_words(self) -> list[str]:
        """What the figures are narrowed to, in words for the head of the page and for paper."""
        words = [str(row) for row in (self.measure, self.department, self.tag) if row is not None]
        words += ["リーディングプロジェクト"] if self.is_leading else []
        return words + ([f"{self.as_of:%Y年%-m月%-d日}の時点"] if self.as_of else [])

    @property
    def is_narrowed(self) -> bool:
        return bool(self.conditions)

    def address(self, name: str, **more: object) -> str:
        """A page with this plan, year and conditions, and `more` besides."""
        if self.as_of is not None and name in PAGES_OF_A_DAY:
            more = {"as_of": self.as_of.isoformat(), **more}
        return f"{reverse(name)}?{self.query(**more)}"

    def query(self, **more: object) -> str:
        return urlencode(
            {"plan": self.plan.pk, "fiscal_year": self.fiscal_year, **self.conditions, **more}
        )

    @cached_property
    def measures(self) -> list[Measure]:
        """All measures of the plan in the tree's order, whether in the scope or not."""
        rows = measures_in_order(self.plan)
        if self.past is None:
            return rows
        # A measure below one that is not there yet was moved since: it has no place to stand.
        there: set[int | None] = {None}
        found = []
        for row in self.past.existed(rows):
            if row.parent_id in there:
                there.add(row.pk)
                found.append(row)
        return found

    @cached_property
    def by_pk(self) -> dict[int, Measure]:
        return {row.pk: row for row in self.measures}

    @cached_property
    def order(self) -> dict[int, int]:
        return {row.pk: index for index, row in enumerate(self.measures)}

    def line_of(self, measure_id: int | None) -> list[Measure]:
        """The measure and those above it, the nearest first."""
        found = []
        while measure_id is not None:
            row = self.by_pk[measure_id]
            found.append(row)
            measure_id = row.parent_id
        return found

    def area_of(self, measure_id: int) -> Measure:
        return self.line_of(measure_id)[-1]

    @cached_property
    def measures_in_area(self) -> set[int]:
        if self.measure is None:
            return set(self.by_pk)
        chosen = self.measure.pk
        return {pk for pk in self.by_pk if any(row.pk == chosen for row in self.line_of(pk))}

    @cached_property
    def placements(self) -> list[Placement]:
        """The places of the scope's projects in the plan, in the tree's order."""
        places = Placement.objects.filter(plan=self.plan).select_related("project")
        if self.is_narrowed:
            places = places.filter(project__in=self.projects.values("pk"))
        rows: Iterable[Placement] = places.prefetch_related(
            ProjectDepartment.named_by(self.plan, "project__")
        )
        if self.past is not None:
            rows = [row for row in self.past.existed(rows) if row.measure_id in self.by_pk]
        return sorted(rows, key=lambda row: (self.order[row.measure_id], row.position, row.pk))

    @cached_property
    def primary_places(self) -> list[Placement]:
        """Each project once, where it mainly stands."""
        return [place for place in self.placements if place.is_primary]

    @cached_property
    def projects(self) -> QuerySet[Project]:
        return self._filtered(ProjectFilterSet, Project.objects.visible_to(self.user))

    @cached_property
    def indicators(self) -> QuerySet[Indicator]:
        """As the list of indicators shows them under the same conditions."""
        rows = Indicator.objects.visible_to(self.user).select_related("department")
        return self._filtered(IndicatorFilterSet, rows)

    def _filtered(self, filterset: type, rows: QuerySet) -> QuerySet:
        """Through the list's own FilterSet; rows of the form need no second look-up."""
        found = filterset(
            {"plan": str(self.plan.pk), **self.conditions}, queryset=rows, request=_As(self.user)
        ).qs
        return found.order_by()

    @cached_property
    def measures_in_scope(self) -> set[int]:
        """Measures of the area that fit by themselves or by a project at or below them."""
        if not (self.department or self.tag or self.is_leading):
            return self.measures_in_area
        fitting = {row.pk for place in self.placements for row in self.line_of(place.measure_id)}
        if not self.is_leading:
            fitting |= self._fitting_themselves()
        return fitting & self.measures_in_area

    def _fitting_themselves(self) -> set[int]:
        rows = Measure.objects.filter(plan=self.plan)
        if self.department is not None:
            below = Department.objects.descendants(self.department, include_self=True)
            rows = rows.filter(department__in=[row.pk for row in below])
        if self.tag is not None:
            rows = rows.filter(tags=self.tag)
        return set(rows.values_list("pk", flat=True))

    def in_charge(self, measure: Measure) -> str:
        """Who acts: the measure's own department, else those of the projects at or below it."""
        if measure.department is not None:
            return measure.department.name
        names = [
            link.department.name
            for place in self.primary_places
            if any(row.pk == measure.pk for row in self.line_of(place.measure_id))
            for link in place.project.department_links.all()
        ]
        return "、".join(dict.fromkeys(names))


class _As:
    """As much of a request as a FilterSet asks for: the person."""

    def __init__(self, user: User | AnonymousUser) -> None:
        self.user = user


def scope_of(request: HttpRequest) -> Scope | None:
    """What the address asks for; None where the person sees no plan, 404 for another's plan."""
    asked = request.GET.get("plan")
    plan = shown_plan(request.user, asked)
    if asked and (plan is None or str(plan.pk) != asked):
        raise Http404
    if plan is None:
        return None
    return scope_for(request.user, plan, request.GET)


def scope_for(user: User | AnonymousUser, plan: Plan, asked: "Iterable[str] | object") -> Scope:
    """The scope of one plan, from an address's parameters."""
    given = {name: asked.get(name) for name in CONDITIONS}  # type: ignore[attr-defined]
    data = {"plan": str(plan.pk), **{name: value for name, value in given.items() if value}}
    year = shown_year(plan, asked.get("fiscal_year"))  # type: ignore[attr-defined]
    return Scope(user, plan, year, ConditionForm(user, plan, data))
