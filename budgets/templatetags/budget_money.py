"""Amounts of money in templates."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from budgets import money

register = template.Library()

register.filter("yen_words", money.in_words)
register.filter("whole_thousands", money.is_whole_thousands)


@register.filter
def thousand_yen(yen: int) -> str | SafeString:
    """An amount in 千円 with commas; paper shows its minus as △."""
    amount = money.thousands(yen)
    if amount < 0:
        return format_html('<span class="minus">-</span>{}', f"{-amount:,}")
    return f"{amount:,}"
