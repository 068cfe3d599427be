from kpi.models.indicators import DefinitionChange, Indicator, IndicatorUse
from kpi.models.values import Actual, Target, ValueStatus

__all__ = [
    "Actual",
    "DefinitionChange",
    "Indicator",
    "IndicatorUse",
    "Target",
    "ValueStatus",
]
