"""Departments with those of earlier years: 「DX推進課（令和6年度までは情報政策推進室）」."""

from collections.abc import Iterable

from django import template
from django.db import models

from accounts.handovers import handovers_of
from plans.in_charge import earlier_departments, measure_in_charge
from plans.models import Measure

register = template.Library()


@register.filter
def in_charge_in(measure: Measure, fiscal_year: int) -> str:
    return measure_in_charge(measure, fiscal_year)


@register.filter
def earlier_in_charge(rows: models.Model | Iterable[models.Model]) -> str:
    """「（令和6年度までは情報政策推進室）」 of an item or several; "" if always the same."""
    found = handovers_of([rows] if isinstance(rows, models.Model) else rows)
    told = earlier_departments([handover for own in found.values() for handover in own])
    return f"（{told}）" if told else ""
