"""Every pair of state and event, from the one table."""

from itertools import product

import pytest

from taskmill.core import machine
from taskmill.core.errors import IllegalTransition
from taskmill.core.state import CREATED, FINAL, TRANSITIONS, Event, State
from taskmill.core.task import SECOND
from tests.core.machines import EVENTS, NOW, Step, head_in, running, spec

ALLOWED = sorted(TRANSITIONS)
REFUSED = sorted(set(product(State, Event)) - set(TRANSITIONS))
STEPS = [Step(now, delay, flag) for now in (NOW, NOW + 2 * SECOND) for delay in (0, SECOND) for flag in (False, True)]


def outcomes(state: State, event: Event) -> set[State]:
    """Every state that `event` leads to from `state`, however it is called and whatever happened before."""
    heads = [(task, head_in(state, task)) for task in (spec(), spec(1))]
    heads += [(task, head._replace(losses=machine.LOSS_LIMIT - 1)) for task, head in heads]
    if state is State.RUNNING:
        heads.append((spec(), running(spec(), cancel=True)))
    return {EVENTS[event](task, head, step).state for task, head in heads for step in STEPS}


@pytest.mark.parametrize(("state", "event"), ALLOWED)
def test_an_allowed_pair_leads_to_every_listed_state_and_no_other(state: State, event: Event) -> None:
    assert outcomes(state, event) == set(TRANSITIONS[state, event])


@pytest.mark.parametrize(("state", "event"), REFUSED)
def test_any_other_pair_is_refused(state: State, event: Event) -> None:
    with pytest.raises(IllegalTransition) as caught:
        EVENTS[event](spec(), head_in(state, spec()), Step())
    assert state in str(caught.value)
    assert event in str(caught.value)


def test_every_event_has_a_function() -> None:
    assert set(EVENTS) == set(Event)


def test_every_state_can_be_reached() -> None:
    assert {state for targets in TRANSITIONS.values() for state in targets} | set(CREATED) == set(State)


def test_a_final_state_is_left_only_by_retry() -> None:
    assert {event for state, event in TRANSITIONS if state in FINAL} == {Event.RETRY}


def test_every_unfinished_state_can_be_cancelled() -> None:
    assert all((state, Event.CANCEL) in TRANSITIONS for state in set(State) - FINAL)
