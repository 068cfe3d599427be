"""What a plan says beside its tree, in the order in which a reader meets it."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch

from accounts.models import User
from plans.models import (
    Correspondence,
    GlossaryTerm,
    Measure,
    Plan,
    PlanSection,
    ReferenceList,
    TermNote,
)


@dataclass(frozen=True)
class SectionGroup:
    """Neighbouring passages of one kind: chapters, or visions or principles that stand out."""

    kind: str
    label: str
    sections: list[PlanSection]

    @property
    def stands_out(self) -> bool:
        return self.kind != PlanSection.Kind.BODY


@dataclass(frozen=True)
class Mapping:
    """A row of a mapping; the other side's measure is None where the portal does not hold it."""

    row: Correspondence
    other_measure: Measure | None


@dataclass(frozen=True)
class MappingTable:
    """A mapping (対応表) under the name that the plan gives it."""

    name: str
    rows: list[Mapping]

    @property
    def has_other_measures(self) -> bool:
        return any(mapping.other_measure for mapping in self.rows)


@dataclass(frozen=True)
class Document:
    groups: list[SectionGroup]
    reference_lists: list[ReferenceList]
    mappings: list[MappingTable]
    glossary: list[GlossaryTerm]

    @property
    def is_empty(self) -> bool:
        return not (self.groups or self.reference_lists or self.mappings or self.glossary)


def plan_document(user: User | AnonymousUser, plan: Plan) -> Document:
    """Everything of the plan's document outside its tree, in a fixed number of queries."""
    notes = TermNote.objects.select_related("measure", "section")
    return Document(
        _groups(plan),
        list(plan.reference_lists.select_related("measure").prefetch_related("items")),
        _mappings(user, plan),
        list(plan.glossary.prefetch_related(Prefetch("notes", notes))),
    )


def _groups(plan: Plan) -> list[SectionGroup]:
    return [
        SectionGroup(kind, PlanSection.Kind(kind).label, list(sections))
        for kind, sections in groupby(plan.sections.all(), key=lambda section: section.kind)
    ]


def _mappings(user: User | AnonymousUser, plan: Plan) -> list[MappingTable]:
    rows = list(plan.correspondences.select_related("measure"))
    others = _other_measures(user, plan, rows)
    tables: dict[str, list[Mapping]] = defaultdict(list)
    for row in rows:
        tables[row.table].append(Mapping(row, others.get((row.other_plan, row.other_measure))))
    return [MappingTable(name, found) for name, found in tables.items()]


def _other_measures(
    user: User | AnonymousUser, plan: Plan, rows: list[Correspondence]
) -> dict[tuple[str, str], Measure]:
    """The measures of other plans that the rows name by key, as far as the person sees them."""
    found = (
        Measure.objects.visible_to(user)
        .filter(
            plan__organization_id=plan.organization_id,
            plan__key__in={row.other_plan for row in rows},
            key__in={row.other_measure for row in rows},
        )
        .select_related("plan")
    )
    return {(measure.plan.key, measure.key): measure for measure in found}
