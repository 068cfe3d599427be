"""Projects that stand in more than one plan: one project, and what each plan says of it."""

from collections import defaultdict
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from plans.models import Plan
from projects.models import Placement, Project, ProjectDepartment


@dataclass(frozen=True)
class InPlan:
    """A project's places in one plan, the primary one first, and the departments named there."""

    plan: Plan
    places: list[Placement]
    departments: str

    @property
    def names(self) -> list[str]:
        """The names that the plan prints, each once."""
        return list(dict.fromkeys(place.title for place in self.places))


@dataclass(frozen=True)
class SharedProject:
    project: Project
    here: InPlan
    others: list[InPlan]

    @property
    def names_differ(self) -> bool:
        return any(other.names[:1] != self.here.names[:1] for other in self.others)

    @property
    def departments_differ(self) -> bool:
        return any(other.departments != self.here.departments for other in self.others)


def shared_projects(user: User | AnonymousUser, plan: Plan) -> list[SharedProject]:
    """The plan's projects that stand in other visible plans too, in three queries.

    Other editions of the plan are no other plans: nearly all of its projects stand there.
    """
    # Every row of the plan's projects, this plan's own among them.
    own = Placement.objects.filter(plan=plan).values("project")
    places: dict[int, dict[int, list[Placement]]] = defaultdict(lambda: defaultdict(list))
    for place in (
        Placement.objects.visible_to(user)
        .filter(project__in=own)
        .exclude(plan__key__in=plan.other_editions)
        .select_related("plan", "measure", "project")
        .order_by("project__key", "plan__name", "plan__edition", "-is_primary", "position", "pk")
    ):
        places[place.project_id][place.plan_id].append(place)
    shared = {pk: by_plan for pk, by_plan in places.items() if len(by_plan) > 1}
    departments = _departments(user, list(shared))
    found = []
    for project_id, by_plan in shared.items():
        entries = {
            plan_id: InPlan(of_plan[0].plan, of_plan, departments.get((plan_id, project_id), ""))
            for plan_id, of_plan in by_plan.items()
        }
        here = entries.pop(plan.pk)
        found.append(SharedProject(here.places[0].project, here, list(entries.values())))
    return found


def _departments(user: User | AnonymousUser, projects: list[int]) -> dict[tuple[int, int], str]:
    """By plan and project: the departments in the plan's order, with 「ほか」 where it says so."""
    names: dict[tuple[int, int], list[str]] = defaultdict(list)
    others: set[tuple[int, int]] = set()
    for link in (
        ProjectDepartment.objects.visible_to(user)
        .filter(project__in=projects)
        .select_related("department")
        .order_by("position", "pk")
    ):
        names[link.plan_id, link.project_id].append(str(link.department))
        if link.and_others:
            others.add((link.plan_id, link.project_id))
    return {
        place: "、".join([*found, *(["ほか"] if place in others else [])])
        for place, found in names.items()
    }
