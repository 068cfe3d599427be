"""Deadlines of rounds in templates."""

import datetime

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def deadline(moment: datetime.datetime) -> str:
    """The last day that still counts: an end at 0:00 is the day before in common words."""
    last = timezone.localtime(moment) - datetime.timedelta(seconds=1)
    days = (last.date() - timezone.localdate()).days
    left = "今日まで" if days == 0 else f"あと{days}日"
    return f"{last:%-m月%-d日}（{left}）"
