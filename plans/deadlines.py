"""When entering ends, in the words of an office."""

import datetime
from dataclasses import dataclass

from django.utils import timezone

NEAR_DAYS = 7


def start_of(day: datetime.date) -> datetime.datetime:
    """0:00 of the day in Japan."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


def end_of(day: datetime.date) -> datetime.datetime:
    """24:00 of the day in Japan, which is the first moment of the next one."""
    return start_of(day + datetime.timedelta(days=1))


@dataclass(frozen=True)
class Deadline:
    """The end of entering. An end at midnight is, in common words, the day before at 24:00.

    `is_closed`: entering was ended by hand, whatever the end that was set.
    """

    at: datetime.datetime
    is_grace: bool = False
    is_closed: bool = False

    @property
    def last_day(self) -> datetime.date:
        """The last day on which one can enter."""
        return timezone.localdate(self.at - datetime.timedelta(microseconds=1))

    @property
    def last_time(self) -> str:
        at = timezone.localtime(self.at)
        return "24:00" if at.date() != self.last_day else f"{at:%H:%M}"

    @property
    def days_left(self) -> int:
        """Days left, counted by the calendar; 0 on the last day."""
        return (self.last_day - timezone.localdate()).days

    @property
    def is_near(self) -> bool:
        return self.is_past or self.days_left <= NEAR_DAYS

    @property
    def is_past(self) -> bool:
        return self.is_closed or self.at <= timezone.now()

    @property
    def text(self) -> str:
        if self.is_past:
            return "締切済み"
        left = f"あと{self.days_left}日" if self.days_left > 0 else "本日まで"
        return f"猶予期間：{left}" if self.is_grace else left
