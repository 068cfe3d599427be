"""Who is in charge of an item, and who was before: as fiscal years, which people speak in."""

import datetime
from collections.abc import Sequence

from accounts.handovers import departments_on, handovers_of, taken_from
from accounts.models import Department, Handover
from plans import fiscal_years
from plans.models import Measure


def day_before(on: datetime.date) -> str:
    """Until when, said by the year where departments changed with it: 「令和6年度まで」."""
    last = on - datetime.timedelta(days=1)
    year = fiscal_years.fiscal_year_of(last)
    if last == fiscal_years.last_day(year):
        return f"{fiscal_years.long_form(year)}まで"
    return f"{last.year}年{last.month}月{last.day}日まで"


def earlier_departments(handovers: Sequence[Handover]) -> str:
    """「令和6年度までは情報政策推進室」, the latest first; "" where nothing was handed over."""
    days = sorted({handover.on for handover in handovers}, reverse=True)
    told = []
    for on in days:
        before = taken_from(handover for handover in handovers if handover.on == on)
        names = dict.fromkeys(department.name for department in before)
        told.append(f"{day_before(on)}は{'・'.join(names)}")
    return "、".join(told)


def in_fiscal_year(
    handovers: Sequence[Handover], today: Department | None, fiscal_year: int
) -> list[Department]:
    """Who was in charge at the end of that fiscal year (31 March)."""
    return departments_on(handovers, today, fiscal_years.last_day(fiscal_year))


def measure_in_charge(measure: Measure, fiscal_year: int) -> str:
    """The measure's department of that year first, with the one of today where it is another."""
    today = measure.department
    handovers = handovers_of([measure]).get(measure, [])
    then = in_fiscal_year(handovers, today, fiscal_year)
    if today is None or then == [today]:
        earlier = earlier_departments(handovers)
        label = today.label if today else ""
        return f"{label}（{earlier}）" if earlier else label
    names = "・".join(department.name for department in then)
    return f"{names}（{fiscal_years.long_form(fiscal_year)}の所管。現在は{today.name}）"
