from plans.models.cycles import ReportingCycle, Submission
from plans.models.measures import Level, Measure, Phase, TargetState
from plans.models.plan import Mark, Plan, PlanRelation
from plans.models.texts import (
    Correspondence,
    GlossaryTerm,
    PlanSection,
    ReferenceItem,
    ReferenceList,
    TermNote,
)

__all__ = [
    "Correspondence",
    "GlossaryTerm",
    "Level",
    "Mark",
    "Measure",
    "Phase",
    "Plan",
    "PlanRelation",
    "PlanSection",
    "ReferenceItem",
    "ReferenceList",
    "ReportingCycle",
    "Submission",
    "TargetState",
    "TermNote",
]
