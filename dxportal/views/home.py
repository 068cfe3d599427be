"""Home: what this person has to do first, then the plans."""

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.policy import Act, scope_of
from dxportal.models import ReportJob
from dxportal.rounds.completeness import Completeness, RoundCompleteness, completeness
from dxportal.rounds.grid import enterable_items
from dxportal.rounds.moving import Counts, NextAct, counts_of, next_act
from dxportal.rounds.waiting import counts_for
from plans.models import Plan, ReportingCycle, RoundItem

MAX_JOBS = 5


@dataclass(frozen=True)
class Round:
    """An open round as one person sees it."""

    cycle: ReportingCycle
    total: Completeness
    departments: list[Completeness]
    next_act: NextAct | None = None


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    scope = scope_of(user)
    enters = scope.may_anywhere(Act.ENTER)
    approves = scope.may_anywhere(Act.APPROVE)
    manages = scope.may_anywhere(Act.MANAGE)
    cycles = list(
        ReportingCycle.objects.visible_to(user)
        .exclude(state__in=ReportingCycle.SETTLED_STATES)
        .select_related("plan__organization")
        .order_by("closes_at", "pk")
    )
    entering = [cycle for cycle in cycles if cycle.accepts_entries()]
    waiting = counts_for(user) if approves or manages else []
    context = {
        "enters": enters,
        "approves": approves,
        "manages": manages,
        "administers": scope.may_anywhere(Act.ADMINISTER),
        "entry_rounds": _own_rounds(user, entering) if enters else [],
        "waiting": waiting,
        "waiting_total": sum(row.count for row in waiting),
        "approver_rounds": _overseen_rounds(user, entering) if approves else [],
        "rounds": _rounds(_managed(user, cycles)) if manages else [],
        "jobs": _jobs(user) if manages else [],
        "plans": list(
            Plan.objects.visible_to(user)
            .select_related("organization")
            .order_by("status", "organization", "name")
        ),
    }
    return render(request, "dxportal/home.html", context)


def _own_rounds(user: User, cycles: list[ReportingCycle]) -> list[Round]:
    """The open rounds that ask this person for something."""
    own = completeness(enterable_items(user).filter(cycle__in=cycles))
    return _joined([cycle for cycle in cycles if cycle.pk in own], own)


def _overseen_rounds(user: User, cycles: list[ReportingCycle]) -> list[Round]:
    """How far the departments are whose packages this person approves."""
    items = RoundItem.objects.visible_to(user).allowing(user, Act.APPROVE)
    overseen = completeness(items.filter(cycle__in=cycles))
    return _joined([cycle for cycle in cycles if cycle.pk in overseen], overseen)


def _managed(user: User, cycles: list[ReportingCycle]) -> list[ReportingCycle]:
    organizations = scope_of(user).organizations.get(Act.MANAGE, frozenset())
    return [cycle for cycle in cycles if cycle.plan.organization_id in organizations]


def _rounds(cycles: list[ReportingCycle]) -> list[Round]:
    """Every round that is not settled, with what its coordinator has to do now."""
    joined = _joined(cycles, completeness(RoundItem.objects.filter(cycle__in=cycles)))
    counts = counts_of(cycles)
    return [
        replace(row, next_act=next_act(row.cycle, counts.get(row.cycle.pk, Counts())))
        for row in joined
    ]


def _joined(cycles: list[ReportingCycle], found: dict[int, RoundCompleteness]) -> list[Round]:
    parts = [(cycle, found.get(cycle.pk, RoundCompleteness())) for cycle in cycles]
    return [Round(cycle, part.total, part.departments) for cycle, part in parts]


def _jobs(user: User) -> list[ReportJob]:
    return list(
        ReportJob.objects.visible_to(user).select_related("plan", "requested_by")[:MAX_JOBS]
    )
