"""Rounds: their moves, who makes them, and the constraints of the model."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel
from accounts.versions import StaleVersion
from plans.models import ReportingCycle
from plans.services import CYCLE_MOVES, ORDER, create_cycle, move_cycle
from tests.cast import THIS_YEAR, Cast

State = ReportingCycle.State


def as_(user) -> Actor:
    return Actor(user, Channel.PAGE)


def test_a_coordinator_takes_a_round_from_start_to_end(cast: Cast) -> None:
    cycle = create_cycle(as_(cast.coordinator), cast.plan, 2026)
    for state in (State.OPEN, State.GRACE, State.CLOSED, State.FINAL, State.PUBLISHED):
        reason = "未回答のまま確定する" if state == State.FINAL else ""
        cycle = move_cycle(as_(cast.coordinator), cycle, state, cycle.version, reason)
    assert cycle.is_settled
    assert AuditEntry.objects.of(cycle).count() == 6


def test_there_is_one_round_a_year(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        create_cycle(as_(cast.coordinator), cast.plan, THIS_YEAR)


@pytest.mark.parametrize("name", ["editor", "approver", "viewer", "admin", "outsider"])
def test_nobody_else_moves_a_round(cast: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        move_cycle(as_(cast.people[name]), cast.open_cycle, State.CLOSED, 1)
    with pytest.raises(PermissionDenied):
        create_cycle(as_(cast.people[name]), cast.plan, 2026)


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("to", State.values)
def test_only_the_moves_of_the_table_exist(cast: Cast, state: str, to: str) -> None:
    cast.open_cycle.state = state
    if to in CYCLE_MOVES[state]:
        moved = move_cycle(as_(cast.coordinator), cast.open_cycle, to, 1, reason="確認のため")
        assert moved.state == to
    else:
        with pytest.raises(ValidationError):
            move_cycle(as_(cast.coordinator), cast.open_cycle, to, 1, reason="確認のため")


def test_a_step_back_needs_a_reason(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="理由"):
        move_cycle(as_(cast.coordinator), cast.last_cycle, State.FINAL, 1)
    move_cycle(as_(cast.coordinator), cast.last_cycle, State.FINAL, 1, reason="誤りの訂正")
    assert AuditEntry.objects.of(cast.last_cycle).first().reason == "誤りの訂正"


def test_of_two_movers_the_slower_is_told(cast: Cast) -> None:
    mine = ReportingCycle.objects.get(pk=cast.open_cycle.pk)
    move_cycle(as_(cast.coordinator), cast.open_cycle, State.CLOSED, 1)
    with pytest.raises(StaleVersion):
        move_cycle(as_(cast.coordinator), mine, State.GRACE, 1)
    mine.refresh_from_db()
    assert mine.state == State.CLOSED


@given(st.lists(st.sampled_from(ORDER), max_size=20))
def test_every_state_can_be_left_and_published_is_reached_only_through_final(wishes) -> None:
    state, before = State.PREPARING, None
    for wish in wishes:
        if wish in CYCLE_MOVES[state]:
            before, state = state, wish
            assert CYCLE_MOVES[state], "no state is a dead end"
            if state == State.PUBLISHED:
                assert before == State.FINAL
