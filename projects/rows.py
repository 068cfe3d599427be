"""A project as lists show it, from prefetched rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from projects.models import Placement, Project, ScheduleEntry


@dataclass(frozen=True)
class ProjectRow:
    """A project with its places and one schedule entry (or none) for each shown year."""

    project: Project
    placements: list[Placement]
    schedule: list[ScheduleEntry | None]

    @property
    def is_leading(self) -> bool:
        return any(placement.is_leading for placement in self.placements)


def project_row(project: Project, years: Iterable[int]) -> ProjectRow:
    """From prefetched rows."""
    by_year = {entry.fiscal_year: entry for entry in project.schedule.all()}
    return ProjectRow(
        project, list(project.placements.all()), [by_year.get(year) for year in years]
    )
