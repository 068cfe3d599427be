"""Fiscal years in templates: `{{ 2024|long_year }}` is 令和6年度."""

from django import template

from plans import fiscal_years

register = template.Library()

register.filter("long_year", fiscal_years.long_form)
register.filter("short_year", fiscal_years.short_form)
register.filter("both_years", fiscal_years.both_form)
