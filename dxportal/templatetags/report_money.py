"""How reports write amounts on paper."""

from django import template

from budgets import money
from dxportal.reports.plan_rows import thousands as in_thousands

register = template.Library()


@register.filter
def thousands(yen: int | None) -> str:
    """In thousands with △ for minus; "" where no amount is known."""
    return in_thousands(yen)


@register.filter
def in_words(yen: int | None) -> str:
    """23億2,559万4千円; 「記載なし」 where no amount is known."""
    return "記載なし" if yen is None else money.in_words(yen)
