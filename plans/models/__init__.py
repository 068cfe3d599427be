from plans.models.cycles import ReportingCycle, Submission
from plans.models.measures import Level, Measure, Phase, TargetState
from plans.models.plan import Mark, Plan, PlanRelation
from plans.models.rounds import (
    Correction,
    Evidence,
    Extension,
    ItemComment,
    RoundItem,
    evidence_path,
)
from plans.models.texts import (
    Correspondence,
    GlossaryTerm,
    PlanSection,
    ReferenceItem,
    ReferenceList,
    TermNote,
)

__all__ = [
    "Correction",
    "Correspondence",
    "Evidence",
    "Extension",
    "GlossaryTerm",
    "ItemComment",
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
    "RoundItem",
    "Submission",
    "TargetState",
    "TermNote",
    "evidence_path",
]
