"""How a year of an indicator came out, in one word: for filters, counts and the dashboard."""

from django.db import models

from kpi.achievement import is_reached
from kpi.models import ValueStatus
from kpi.series import YearValues


class Outcome(models.TextChoices):
    """Reached and not reached are judgements; the others say why there is none."""

    REACHED = "reached", "目標達成"
    NOT_REACHED = "not_reached", "目標未達"
    NOT_ENTERED = "not_entered", "実績未入力"
    NOT_YET = "not_yet", "未集計"
    NOT_APPLICABLE = "not_applicable", "該当なし"
    SUSPENDED = "suspended", "中止"
    UNSTATED = "unstated", "記載のみ"
    IN_WORDS = "in_words", "文字の実績"
    NO_TARGET = "no_target", "目標の数値なし"
    NOT_JUDGED = "not_judged", "判定の定めなし"
    NOT_MEASURED = "not_measured", "測定しない年"


JUDGEMENTS = {
    True: Outcome.REACHED,
    False: Outcome.NOT_REACHED,
    None: Outcome.NOT_JUDGED,
}


def outcome_of(values: YearValues) -> Outcome:
    actual, target = values.actual, values.target
    if actual is None:
        is_due = values.indicator.is_measured_in(values.fiscal_year)
        return Outcome.NOT_ENTERED if is_due else Outcome.NOT_MEASURED
    if actual.status != ValueStatus.REPORTED:
        return Outcome(actual.status)  # the words for "no number" are the same here and there
    if actual.value is None:
        return Outcome.IN_WORDS
    if target is None or target.value is None:
        return Outcome.NO_TARGET
    reached = is_reached(values.indicator, target.value, actual.value, target.comparison)
    return JUDGEMENTS[reached]
