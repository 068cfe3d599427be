"""How a row stood at any past moment, worked out backwards from the audit log."""

import datetime
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import audit
from accounts.audit import Actor
from accounts.models import AuditEntry, Channel
from plans.history import names_of, rewound, values_at
from tests.cast import Cast
from tests.cast import actual as make_actual

FIELDS = ("raw_text", "note")
START = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
# A row's life: values it takes on, or None while it is gone.
LIVES = st.lists(
    st.none()
    | st.fixed_dictionaries({"raw_text": st.sampled_from("012"), "note": st.sampled_from("ab")}),
    max_size=12,
)


@given(LIVES)
def test_taking_changes_back_gives_every_earlier_state(life: list[audit.Values | None]) -> None:
    states: list[audit.Values | None] = [None]
    entries: list[AuditEntry] = []
    for values in life:
        entries.insert(0, _entry(states[-1], values))
        states.append(values)
    for back in range(len(states)):
        assert rewound(states[-1], entries[:back]) == states[len(states) - 1 - back]


def _entry(before: audit.Values | None, after: audit.Values | None) -> AuditEntry:
    old, new = before or {}, after or {}
    changed = [name for name in FIELDS if old.get(name) != new.get(name)]
    return AuditEntry(
        before={n: old[n] for n in changed if n in old},
        after={n: new[n] for n in changed if n in new},
    )


@pytest.mark.django_db
@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["", "7", "31"]), st.sampled_from("ab")), max_size=5))
def test_each_moment_shows_what_was_stored_then(cast: Cast, writes: list[tuple[str, str]]) -> None:
    actual = make_actual(cast.indicator(uuid4().hex), 2024, 1)
    actor = Actor(cast.editor, Channel.PAGE)
    stored = [audit.values_of(actual, FIELDS)]
    for hour, (text, note) in enumerate(writes, start=1):
        before = audit.values_of(actual, FIELDS)
        actual.raw_text, actual.note = text, note
        after = audit.values_of(actual, FIELDS)
        with patch.object(timezone, "now", return_value=START + datetime.timedelta(hours=hour)):
            audit.record(actor, "actual.record", actual, cast.city.pk, before, after)
        stored.append(after)
    now = audit.values_of(actual, FIELDS)
    for hour, expected in enumerate(stored):
        for minutes in (0, 59):
            moment = START + datetime.timedelta(hours=hour, minutes=minutes)
            assert values_at(names_of([actual]), now, moment) == expected
