from projects.models.placements import Placement, ScheduleEntry, Stage
from projects.models.projects import (
    Project,
    ProjectAlias,
    ProjectDepartment,
    ProjectSuccession,
)
from projects.models.reviews import Review
from projects.models.tags import Tag, TagScheme

__all__ = [
    "Placement",
    "Project",
    "ProjectAlias",
    "ProjectDepartment",
    "ProjectSuccession",
    "Review",
    "ScheduleEntry",
    "Stage",
    "Tag",
    "TagScheme",
]
