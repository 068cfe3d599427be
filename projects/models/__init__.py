from projects.models.placements import Milestone, Placement, ScheduleEntry, Stage
from projects.models.projects import (
    Project,
    ProjectAlias,
    ProjectDepartment,
    ProjectSuccession,
)
from projects.models.reviews import Review
from projects.models.tags import ProjectTag, Tag, TagScheme

__all__ = [
    "Milestone",
    "Placement",
    "Project",
    "ProjectAlias",
    "ProjectDepartment",
    "ProjectSuccession",
    "ProjectTag",
    "Review",
    "ScheduleEntry",
    "Stage",
    "Tag",
    "TagScheme",
]
