from plans.models.cycles import ReportingCycle, Submission
from plans.models.measures import Level, Measure, Phase, TargetState
from plans.models.plan import GlossaryTerm, Mark, Plan, PlanRelation

__all__ = [
    "GlossaryTerm",
    "Level",
    "Mark",
    "Measure",
    "Phase",
    "Plan",
    "PlanRelation",
    "ReportingCycle",
    "Submission",
    "TargetState",
]
