import datetime

import pytest
from django.utils import timezone

from plans.deadlines import Deadline
from plans.models import ReportingCycle


def at(text: str) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("end", "day", "time"),
    [
        ("2026-06-02 00:00", datetime.date(2026, 6, 1), "24:00"),
        ("2026-06-01 17:15", datetime.date(2026, 6, 1), "17:15"),
    ],
)
def test_midnight_is_the_day_before_at_24(end: str, day: datetime.date, time: str) -> None:
    deadline = Deadline(at(end))
    assert (deadline.last_day, deadline.last_time) == (day, time)


def test_days_are_counted_by_the_calendar() -> None:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    day = datetime.timedelta(days=1)
    assert Deadline(midnight + day).text == "本日まで"
    assert Deadline(midnight + 4 * day).text == "あと3日"
    assert Deadline(midnight - day).text == "締切済み"


def test_a_round_that_was_closed_by_hand_counts_no_days() -> None:
    later = timezone.now() + datetime.timedelta(days=30)
    for state in ("closed", "final", "published"):
        deadline = ReportingCycle(state=state, closes_at=later).deadline
        assert (deadline.text, deadline.is_near) == ("締切済み", True)
    assert ReportingCycle(state="preparing", closes_at=later).deadline.text == "あと30日"


def test_after_the_deadline_grace_runs() -> None:
    now, day = timezone.now(), datetime.timedelta(days=1)
    cycle = ReportingCycle(state="grace", closes_at=now - day, grace_until=now + 3 * day)
    assert cycle.accepts_entries()
    assert "猶予期間" in cycle.deadline.text
    assert ReportingCycle(state="open").deadline is None
