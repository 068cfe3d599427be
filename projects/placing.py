"""Verbs for where a project stands in a plan's tree."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Max

from accounts import editing, policy
from accounts.audit import Actor
from accounts.policy import Act
from accounts.versions import StaleVersion
from plans.models import Measure, Plan
from projects.models import Milestone, Placement, ProjectTag


@dataclass(frozen=True)
class PlacementMove:
    """What moving a placement would do; nothing is changed by it.

    What is written of the project at its old place (年次の予定, タグ) goes along to the new one.
    """

    placement: Placement
    measure: Measure
    siblings: list[Placement] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    tags: list[ProjectTag] = field(default_factory=list)
    refusal: str = ""

    @property
    def is_reorder(self) -> bool:
        return self.placement.measure_id == self.measure.pk

    @property
    def going_along(self) -> list[str]:
        """What goes along, in words."""
        kinds = [("年次の予定", self.milestones), ("事業のタグ", self.tags)]
        return [f"{name}{len(rows)}件" for name, rows in kinds if rows]


def plan_placement_move(placement: Placement, measure: Measure, index: int) -> PlacementMove:
    """Work out a move to the place `index` among the other placements of the measure."""
    if measure.plan_id != placement.plan_id:
        return PlacementMove(placement, measure, refusal="ほかの計画の施策の下には移せません。")
    others = Placement.objects.select_related("project", "plan").exclude(pk=placement.pk)
    siblings = list(others.filter(measure=measure))
    reorder = placement.measure_id == measure.pk
    same = [row for row in siblings if row.project_id == placement.project_id]
    if not reorder and any(row.code == placement.code for row in same):
        return PlacementMove(
            placement,
            measure,
            refusal=f"「{measure}」には、「{placement}」がすでに掲載されています。",
        )
    siblings.insert(max(index, 0), placement)
    stays = others.filter(measure=placement.measure_id, project=placement.project_id).exists()
    if reorder or stays:
        return PlacementMove(placement, measure, siblings)
    here = {"measure": placement.measure_id, "project": placement.project_id}
    return PlacementMove(
        placement,
        measure,
        siblings,
        list(Milestone.objects.filter(**here)),
        list(ProjectTag.objects.filter(**here)),
    )


def move_placement(
    actor: Actor, placement: Placement, measure: Measure, index: int, expected_version: int
) -> Placement:
    """Do what `plan_placement_move` says: all of it or nothing, one audit entry for each row.

    Raises PermissionDenied, Locked, ValidationError with the reason, and StaleVersion.
    """
    policy.require(
        actor, Act.MANAGE, placement.plan.organization_id, what="掲載の移動", on=placement
    )
    with transaction.atomic():
        Plan.objects.select_for_update(of=("self",)).get(pk=placement.plan_id)
        stored = Placement.objects.select_related("plan", "project").get(pk=placement.pk)
        if stored.version != expected_version:
            raise StaleVersion(stored)
        move = plan_placement_move(stored, measure, index)
        if move.refusal:
            raise ValidationError(move.refusal)
        place = {"measure": measure, "position": move.siblings.index(stored) + 1}
        moved = editing.change(actor, stored, place, expected_version)
        _take_along(actor, move)
        editing.reorder(actor, [moved if row == moved else row for row in move.siblings])
    return moved


def _take_along(actor: Actor, move: PlacementMove) -> None:
    there = {"measure": move.measure, "project": move.placement.project_id}
    last = Milestone.objects.filter(**there).aggregate(last=Max("position"))["last"] or 0
    for position, milestone in enumerate(move.milestones, start=1):
        place: dict[str, object] = {"measure": move.measure}
        if last:
            place["position"] = last + position
        editing.change(actor, milestone, place, milestone.version)
    for tag in _not_there_yet(move.tags, there):
        editing.change(actor, tag, {"measure": move.measure}, tag.version)


def _not_there_yet(
    tags: Sequence[ProjectTag], there: dict[str, models.Model | int]
) -> list[ProjectTag]:
    """A tag that the new place carries already stays where it is: it says nothing new there."""
    known = set(ProjectTag.objects.filter(**there).values_list("tag_id", "part"))
    return [tag for tag in tags if (tag.tag_id, tag.part) not in known]
