"""What about a settled figure asks for a reason: nothing that is impossible, only what is unusual.

A warning never keeps a figure from being saved. Whoever submits it is asked for a comment first
(`dxportal.rounds.comments`).
"""

from decimal import ROUND_HALF_UP, Decimal

from budgets.money import in_words

# From so many times the budget, or so small a part of it, the unit is doubted: a project that was
# carried out at 10 % and typed in yen for thousands of yen still stands out by 100 times.
MANY_TIMES = 100
SMALL_PART = Decimal(1) / 500


def warnings_of(amount: int | None, budget: int | None, last_settled: int | None) -> list[str]:
    """What is unusual about a settled figure or its forecast; all amounts in yen.

    It is held against the year's budget (予算現額), and without one against what was settled the
    year before. A zero says that nothing was spent, which is no slip of the unit.
    """
    told, measure = ("予算現額", budget) if budget else ("前年度の決算", last_settled)
    if not amount or not measure or amount < 0 or measure < 0:
        return []
    times = Decimal(amount) / measure
    compared = f"{told}（{in_words(measure)}）"
    if times >= MANY_TIMES:
        return [f"{compared}の{_rounded(times)}倍です。円の額を千円の欄に入れていませんか。"]
    if times <= SMALL_PART:
        return [f"{compared}の{_rounded(1 / times)}分の1です。千円の額を円として入れていませんか。"]
    if budget and amount > budget:
        return [f"{compared}を超えています。予算現額の補正・流用が漏れていませんか。"]
    return []


def _rounded(times: Decimal) -> str:
    """Many times over, as a person would say it: about 1,000 for 987."""
    step = Decimal(10) ** (times.adjusted())
    rounded = (times / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    return f"約{rounded:,f}"
