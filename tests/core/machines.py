"""Heads in every state, and every event as a call, for the tests of the machine."""

from collections.abc import Callable
from typing import NamedTuple

from taskmill.core import machine
from taskmill.core.state import Event, State
from taskmill.core.task import SECOND, Head, Priority, Spec

NOW = 1_700_000_000 * SECOND


def spec(attempt_limit: int = 3, key: str | None = "k") -> Spec:
    return Spec("id", "math", "default", "{}", Priority.NORMAL, attempt_limit, None, None, key, None, NOW)


class Step(NamedTuple):
    """What an event may be called with."""

    now: int = NOW
    delay: int = 0
    flag: bool = False
    """`final` of fail, `stopped` of cancel."""


EVENTS: dict[Event, Callable[[Spec, Head, Step], Head]] = {
    Event.UNBLOCK: lambda spec, head, step: machine.unblock(head, step.now),
    Event.PROMOTE: lambda spec, head, step: machine.promote(head),
    Event.EXPIRE: lambda spec, head, step: machine.expire(head, "{}", step.now),
    Event.START: lambda spec, head, step: machine.start(head, "w1", step.now + 15 * SECOND, step.now),
    Event.TAKE_OVER: lambda spec, head, step: machine.take_over(head, "w2", step.now + 15 * SECOND),
    Event.SUCCEED: lambda spec, head, step: machine.succeed(head, "11", step.now),
    Event.FAIL: lambda spec, head, step: machine.fail(spec, head, "{}", step.now, step.delay, final=step.flag),
    Event.SNOOZE: lambda spec, head, step: machine.snooze(head, step.delay, step.now),
    Event.RELEASE: lambda spec, head, step: machine.release(head, step.now),
    Event.LOSE: lambda spec, head, step: machine.lose(head, "{}", step.now),
    Event.CANCEL: lambda spec, head, step: machine.cancel(head, step.now, stopped=step.flag),
    Event.RETRY: lambda spec, head, step: machine.retry(spec, head, step.now),
}


def running(task: Spec, *, cancel: bool = False) -> Head:
    head = machine.start(machine.create(task, NOW), "w1", NOW + 15 * SECOND, NOW)
    return machine.cancel(head, NOW) if cancel else head


def head_in(state: State, task: Spec) -> Head:
    """A head that came to `state` by the machine alone."""
    made: dict[State, Callable[[], Head]] = {
        State.WAITING: lambda: machine.create(task, NOW, NOW + SECOND, waiting=True),
        State.SCHEDULED: lambda: machine.create(task, NOW, NOW + SECOND),
        State.READY: lambda: machine.create(task, NOW),
        State.RUNNING: lambda: running(task),
        State.SUCCEEDED: lambda: machine.succeed(running(task), "11", NOW),
        State.FAILED: lambda: machine.fail(task, running(task), "{}", NOW, 0, final=True),
        State.CANCELLED: lambda: machine.cancel(running(task), NOW, stopped=True),
    }
    return made[state]()
