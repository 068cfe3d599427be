"""The budget of one plan: its sums, and which lines make them up."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from budgets.models import BudgetEntry
from budgets.sums import BudgetSums, Kind, MeasureSum, budget_sums
from kpi.shown_year import ShownYear, shown_year
from plans.models import Plan

# From this depth on a tree has room for headings above what is opened.
DEPTHS_FOR_HEADINGS = 3


@dataclass(frozen=True)
class ShownStage:
    """The stage (当初, 補正 …) that the page shows, and those one may switch to."""

    value: str
    choices: tuple[BudgetEntry.Stage, ...]

    @property
    def label(self) -> str:
        return str(BudgetEntry.Stage(self.value).label)


@require_safe
def plan_budget(request: HttpRequest, pk: int) -> HttpResponse:
    plan = get_object_or_404(
        Plan.objects.visible_to(request.user).select_related("organization"), pk=pk
    )
    rounds = [
        (fiscal_year, stage)
        for fiscal_year, stage in BudgetEntry.objects.in_plan(plan.pk).rounds()
        if fiscal_year in plan.fiscal_years
    ]
    context = {
        "plan": plan,
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("予算", ""),
        ],
    }
    if rounds:
        year = _shown_year(plan, request.GET.get("fiscal_year"), rounds)
        stage = _shown_stage(year.fiscal_year, request.GET.get("stage"), rounds)
        sums = budget_sums(plan, year.fiscal_year, stage.value)
        context |= {"year": year, "stage": stage, **_shown_sums(sums)}
    return render(request, "budgets/plan.html", context)


def _shown_year(plan: Plan, asked: str | None, rounds: Sequence[tuple[int, str]]) -> ShownYear:
    """Only years with a budget can be chosen; without one asked for, the page's usual year."""
    choices = tuple(sorted({fiscal_year for fiscal_year, _ in rounds}))
    wanted = shown_year(plan, asked).fiscal_year
    known = [fiscal_year for fiscal_year in choices if fiscal_year <= wanted]
    return ShownYear(known[-1] if known else choices[0], choices)


def _shown_stage(
    fiscal_year: int, asked: str | None, rounds: Sequence[tuple[int, str]]
) -> ShownStage:
    """The stage asked for; else 当初, or the first that the year has."""
    there = {stage for of_year, stage in rounds if of_year == fiscal_year}
    choices = tuple(stage for stage in BudgetEntry.Stage if stage.value in there)
    if asked in there:
        return ShownStage(asked, choices)
    initial = BudgetEntry.Stage.INITIAL
    return ShownStage(initial if initial in choices else choices[0], choices)


def _shown_sums(sums: BudgetSums) -> dict[str, object]:
    return {
        "sums": sums,
        "total": sums.total,
        "again": sums.if_repeats_counted,
        "tag_groups": _by_scheme(sums),
        "branches": _branches(sums),
        "zero_budget": sums.of_kind(Kind.ZERO_BUDGET),
        "category_alone": sums.of_kind(Kind.CATEGORY_ALONE),
        "nothing": sums.of_kind(Kind.NOTHING),
        "is_exact": sums.is_exact_in_thousands,
    }


def _by_scheme(sums: BudgetSums) -> list[tuple[object, list[object]]]:
    """The tags below the name of their scheme; schemes with printed totals stand first."""
    groups: dict[object, list[object]] = {}
    for tag_sum in sums.tags:
        groups.setdefault(tag_sum.tag.scheme, []).append(tag_sum)
    return sorted(groups.items(), key=lambda group: all(not tag.stated for tag in group[1]))


def _branches(sums: BudgetSums) -> list[tuple[MeasureSum | None, list[MeasureSum]]]:
    """What the page opens: the second level below the names of the first, or the first alone."""
    depth = max((_depth(root) for root in sums.roots), default=0)
    if depth < DEPTHS_FOR_HEADINGS:
        return [(None, sums.roots)]
    return [(root, [*_own_lines(root), *root.children]) for root in sums.roots]


def _own_lines(root: MeasureSum) -> list[MeasureSum]:
    """What stands at a top measure itself, not further down."""
    return [MeasureSum(root.measure, root.lines)] if root.lines else []


def _depth(node: MeasureSum) -> int:
    return 1 + max((_depth(child) for child in node.children), default=0)
