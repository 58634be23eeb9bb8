"""The states, the events that move a task between them, and the one table of what is allowed."""

from enum import StrEnum


class State(StrEnum):
    """Those in which a task is open, then those in which it has ended (`FINAL`)."""

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    READY = "ready"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Event(StrEnum):
    UNBLOCK = "unblock"
    PROMOTE = "promote"
    EXPIRE = "expire"
    START = "start"
    TAKE_OVER = "take_over"
    SUCCEED = "succeed"
    FAIL = "fail"
    SNOOZE = "snooze"
    RELEASE = "release"
    LOSE = "lose"
    CANCEL = "cancel"
    RETRY = "retry"


S, E = State, Event

FINAL = frozenset({S.SUCCEEDED, S.FAILED, S.CANCELLED})

CREATED = (S.WAITING, S.SCHEDULED, S.READY)
"""The states a new task may be in."""

TRANSITIONS: dict[tuple[State, Event], tuple[State, ...]] = {
    (S.WAITING, E.UNBLOCK): (S.READY, S.SCHEDULED),
    (S.WAITING, E.EXPIRE): (S.CANCELLED,),
    (S.WAITING, E.CANCEL): (S.CANCELLED,),
    (S.SCHEDULED, E.PROMOTE): (S.READY,),
    (S.SCHEDULED, E.EXPIRE): (S.CANCELLED,),
    (S.SCHEDULED, E.CANCEL): (S.CANCELLED,),
    (S.SCHEDULED, E.RETRY): (S.READY,),
    (S.READY, E.START): (S.RUNNING,),
    (S.READY, E.EXPIRE): (S.CANCELLED,),
    (S.READY, E.CANCEL): (S.CANCELLED,),
    (S.RUNNING, E.TAKE_OVER): (S.RUNNING,),
    (S.RUNNING, E.SUCCEED): (S.SUCCEEDED,),
    (S.RUNNING, E.FAIL): (S.SCHEDULED, S.READY, S.FAILED, S.CANCELLED),
    (S.RUNNING, E.SNOOZE): (S.SCHEDULED, S.READY, S.CANCELLED),
    (S.RUNNING, E.RELEASE): (S.READY, S.CANCELLED),
    (S.RUNNING, E.LOSE): (S.READY, S.FAILED, S.CANCELLED),
    (S.RUNNING, E.CANCEL): (S.RUNNING, S.CANCELLED),
    (S.SUCCEEDED, E.RETRY): (S.READY,),
    (S.FAILED, E.RETRY): (S.READY,),
    (S.CANCELLED, E.RETRY): (S.READY,),
}
"""(state, event) → the states it may lead to. A pair that is missing is refused."""
