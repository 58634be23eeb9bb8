"""Random lives of a task: whatever happens to it, and in whatever order, the invariants hold."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from taskmill.core import machine
from taskmill.core.errors import IllegalTransition
from taskmill.core.state import FINAL, TRANSITIONS, Event, State
from taskmill.core.task import SECOND, Head, Spec
from tests.core.machines import EVENTS, NOW, Step, spec

delays = st.sampled_from([0, 1, SECOND, 90 * SECOND])


class Life(RuleBasedStateMachine):
    now: int
    spec: Spec
    head: Head

    @initialize(limit=st.integers(1, 4), key=st.none() | st.just("k"), delay=st.none() | delays, waiting=st.booleans())
    def begin(self, limit: int, key: str | None, delay: int | None, waiting: bool) -> None:
        self.now = NOW
        self.spec = spec(limit, key)
        run_at = None if delay is None else self.now + delay
        self.head = machine.create(self.spec, self.now, run_at, waiting=waiting)

    @rule(step=delays)
    def wait(self, step: int) -> None:
        self.now += step

    @rule(choice=st.data(), delay=delays, flag=st.booleans())
    def happen(self, choice: st.DataObject, delay: int, flag: bool) -> None:
        event = choice.draw(st.sampled_from([event for state, event in TRANSITIONS if state is self.head.state]))
        if event is Event.PROMOTE:
            self.now = max(self.now, self.head.run_at)
        before, self.head = self.head, EVENTS[event](self.spec, self.head, Step(self.now, delay, flag))
        assert self.head.version == before.version + 1
        assert self.head.state in TRANSITIONS[before.state, event]

    @rule(event=st.sampled_from(Event))
    def refuse(self, event: Event) -> None:
        if (self.head.state, event) in TRANSITIONS:
            return
        try:
            EVENTS[event](self.spec, self.head, Step(self.now))
        except IllegalTransition:
            return
        raise AssertionError(f"{event} was not refused in {self.head.state}")

    @invariant()
    def ready_implies_due(self) -> None:
        assert self.head.state is not State.READY or self.head.run_at <= self.now

    @invariant()
    def running_if_and_only_if_leased(self) -> None:
        assert (self.head.lease_until is not None) == (self.head.state is State.RUNNING)
        assert (self.head.lease_owner is not None) == (self.head.state in (State.RUNNING, State.SUCCEEDED))

    @invariant()
    def final_if_and_only_if_finished(self) -> None:
        assert (self.head.finished_at is not None) == (self.head.state in FINAL)

    @invariant()
    def the_key_is_held_while_unfinished(self) -> None:
        assert self.head.hold == (None if self.head.state in FINAL else self.spec.key)

    @invariant()
    def attempts_stay_within_the_limit(self) -> None:
        assert 0 <= self.head.attempt <= self.spec.attempt_limit

    @invariant()
    def only_a_running_task_can_be_asked_to_stop(self) -> None:
        assert not self.head.cancel or self.head.state is State.RUNNING

    @invariant()
    def a_result_belongs_to_success(self) -> None:
        assert (self.head.result is not None) == (self.head.state is State.SUCCEEDED)


TestLife: Any = Life.TestCase
TestLife.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
