"""What a report reads beside the tree and its figures: texts, budgets, corrections."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from budgets.models import BudgetEntry, StatedTotal
from dxportal.models import PublishedReport
from plans.models import Correction, ReferenceList, TermNote
from projects.models import Milestone, ProjectTag, Tag


@dataclass(frozen=True)
class PlanRows:
    milestones: dict[int, list[Milestone]]  # by measure, as the next three
    references: dict[int, list[ReferenceList]]
    footnotes: dict[int, list[TermNote]]
    tags: dict[int, list[Tag]]
    entries: list[BudgetEntry]  # of the report's fiscal year, at all stages
    stated: list[StatedTotal]
    links: list[ProjectTag]
    corrections: list[Correction]
    published: list[PublishedReport]  # of the report's fiscal year, the newest first

    @cached_property
    def links_of(self) -> dict[tuple[int, int], list[ProjectTag]]:
        """The tags of a project where it stands, by project and measure."""
        groups: dict[tuple[int, int], list[ProjectTag]] = defaultdict(list)
        for link in self.links:
            groups[link.project_id, link.measure_id].append(link)
        return dict(groups)


def read_plan_rows(plan_id: int, fiscal_year: int) -> PlanRows:
    """In a fixed number of queries."""
    references = ReferenceList.objects.filter(plan_id=plan_id, measure__isnull=False)
    notes = TermNote.objects.filter(measure__plan_id=plan_id).select_related("term")
    of_year = {"fiscal_year": fiscal_year}
    corrections = Correction.objects.filter(item__cycle__plan_id=plan_id)
    published = PublishedReport.objects.filter(plan_id=plan_id, **of_year)
    return PlanRows(
        milestones=_by_measure(
            Milestone.objects.filter(measure__plan_id=plan_id).select_related("project")
        ),
        references=_by_measure(references.prefetch_related("items")),
        footnotes=_by_measure(notes.order_by("term__position", "term", "position")),
        tags=_tags_of_measures(plan_id),
        entries=list(BudgetEntry.objects.in_plan(plan_id).filter(**of_year)),
        stated=list(
            StatedTotal.objects.filter(plan_id=plan_id, **of_year).select_related("tag__scheme")
        ),
        links=list(
            ProjectTag.objects.filter(measure__plan_id=plan_id).select_related("tag__scheme")
        ),
        corrections=list(corrections.select_related("item__cycle").order_by("corrected_at", "id")),
        published=list(
            published.filter(withdrawn_at__isnull=True)
            .select_related("job")
            .order_by("-job__data_as_of", "-id")
        ),
    )


def _by_measure(rows: object) -> dict:
    groups: dict = defaultdict(list)
    for row in rows:  # type: ignore[attr-defined]  # any rows with a measure
        groups[row.measure_id].append(row)
    return dict(groups)


def _tags_of_measures(plan_id: int) -> dict[int, list[Tag]]:
    through = Tag.measures.through.objects.filter(measure__plan_id=plan_id)
    groups: dict[int, list[Tag]] = defaultdict(list)
    for link in through.select_related("tag__scheme").order_by(
        "tag__scheme__key", "tag__scheme__version", "tag__position", "tag__name"
    ):
        groups[link.measure_id].append(link.tag)
    return dict(groups)
