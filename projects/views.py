"""The list of projects, and its export."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Page
from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery

from plans import fiscal_years
from plans.listing import ListPage
from plans.models import Plan
from plans.shown_plan import shown_plan
from plans.tree_order import measures_in_order, tree_rank
from projects.exports import PlacementExporter, ProjectExporter, ScheduleExporter
from projects.filters import ProjectFilterSet
from projects.models import Placement, Project, ProjectDepartment
from projects.rows import ProjectRow, project_row


class ProjectList(ListPage):
    model = Project
    filterset_class = ProjectFilterSet
    template_name = "projects/list.html"
    results_template = "projects/_list_results.html"
    title = "事業の一覧"
    shown_filters = ("q", "plan", "measure", "department", "tag", "is_leading")
    boolean_words = {"is_leading": (("true", "リーディングのみ"), ("false", "リーディング以外"))}
    exporters = {
        "list": ProjectExporter,
        "placements": PlacementExporter,
        "schedule": ScheduleExporter,
    }
    downloads = (("掲載（再掲を含む）", "placements"), ("スケジュール", "schedule"))

    def prepare(self) -> None:
        self.plan: Plan | None = shown_plan(self.user, self.request.GET.get("plan"))
        self.years = list(self.plan.fiscal_years) if self.plan else []

    def ordered(self, queryset: QuerySet) -> QuerySet:
        """As the shown plan reads: by the tree, then by the place under the measure."""
        queryset = queryset.with_first_code(self.user)
        if self.plan is None or self.request.GET.get("ordering"):
            return queryset
        main = Placement.objects.filter(
            plan=self.plan, project=OuterRef("pk"), is_primary=True
        ).annotate(rank=tree_rank(measures_in_order(self.plan), "measure_id"))
        return queryset.annotate(
            rank=Subquery(main.values("rank")[:1]),
            place=Subquery(main.values("position")[:1]),
        ).order_by(F("rank").asc(nulls_last=True), "place", "organization", "key")

    def for_page(self, queryset: QuerySet) -> QuerySet:
        placements = Placement.objects.select_related("plan", "measure").order_by(
            "-is_primary", "position", "pk"
        )
        # One plan's own words where one was asked for; else what all plans say.
        departments = ProjectDepartment.named_anywhere()
        if self.plan is not None and self.request.GET.get("plan"):
            departments = ProjectDepartment.named_by(self.plan)
        return queryset.select_related("organization").prefetch_related(
            departments,
            "aliases",
            "tags",
            "schedule",
            Prefetch("placements", placements),
        )

    def rows_of(self, page: Page) -> list[ProjectRow]:
        return [project_row(project, self.years) for project in page.object_list]

    def export_rows(self, name: str, queryset: QuerySet) -> Iterable[Any]:
        if name == "placements":
            return (place for project in queryset for place in project.placements.all())
        if name == "schedule":
            return (entry for project in queryset for entry in project.schedule.all())
        return (project_row(project, self.years) for project in queryset)

    def export_context(self) -> dict[str, Any]:
        return {"years": self.years}

    def extra_context(self, page: Page) -> dict[str, Any]:
        return {
            "years": self.years,
            "year_labels": [fiscal_years.short_form(year) for year in self.years],
        }
