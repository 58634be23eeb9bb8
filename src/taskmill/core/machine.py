"""The machine: a head and an event in, the next head out. Time and chance are arguments.

Each function is one event of core/state.py; a pair that the table lacks raises IllegalTransition.
A cancel that was asked for wins over every way a running task could go on living.
"""

from taskmill.core.errors import IllegalTransition
from taskmill.core.retry import RetryPolicy
from taskmill.core.state import FINAL, TRANSITIONS, Event, State
from taskmill.core.task import Head, Spec

READY = State.READY
CRASH_LIMIT = 3
"""A task that took its own process, or a worker that ran nothing else, along this often is parked as failed."""
LOSS_LIMIT = 20
"""So is one that was lost this often while others were there to blame: it may be what kills whole machines."""

_new_head = Head.__new__
"""A call of the class would pack the keywords into a dictionary first, which takes twice as long."""


def create(
    spec: Spec, now: int, run_at: int | None = None, *, waiting: bool = False, expires_at: int | None = None
) -> Head:
    if run_at is None:
        run_at = now
    state = State.WAITING if waiting else READY if run_at <= now else State.SCHEDULED
    return _new_head(Head, state=state, version=1, attempt=0, run_at=run_at, hold=spec.key, expires_at=expires_at)


def unblock(head: Head, now: int) -> Head:
    """The last parent has succeeded."""
    _allow(head, Event.UNBLOCK)
    return _leave_running(head, head.run_at, now)


def promote(head: Head) -> Head:
    """A scheduled task is due."""
    _allow(head, Event.PROMOTE)
    return head._replace(state=State.READY, version=head.version + 1)


def expire(head: Head, error: str, now: int) -> Head:
    """It has not started in time, and is not to start any more."""
    _allow(head, Event.EXPIRE)
    return _finish(head._replace(error=error), State.CANCELLED, now)


def start(head: Head, owner: str, until: int, now: int) -> Head:
    _allow(head, Event.START)
    return head._replace(
        state=State.RUNNING,
        version=head.version + 1,
        attempt=head.attempt + 1,
        lease_owner=owner,
        lease_until=until,
        progress=None,
        started_at=now,
        expires_at=None,
    )


def take_over(head: Head, owner: str, until: int) -> Head:
    """Somebody else's lease ran out, or its worker is known to be dead."""
    _allow(head, Event.TAKE_OVER)
    return head._replace(version=head.version + 1, lease_owner=owner, lease_until=until)


def succeed(head: Head, result: str, now: int) -> Head:
    _allow(head, Event.SUCCEED)
    return _new_head(
        Head,
        state=State.SUCCEEDED,
        version=head.version + 1,
        attempt=head.attempt,
        run_at=head.run_at,
        lease_owner=head.lease_owner,
        progress=head.progress,
        result=result,
        started_at=head.started_at,
        finished_at=now,
        losses=head.losses,
        crashes=head.crashes,
    )


def fail(spec: Spec, head: Head, error: str, now: int, delay: int, *, final: bool = False) -> Head:
    """Try again after `delay`, unless `final` or the attempts are used up."""
    _allow(head, Event.FAIL)
    head = head._replace(error=error)
    if head.cancel:
        return _finish(head, State.CANCELLED, now)
    if final or head.attempt >= spec.attempt_limit:
        return _finish(head, State.FAILED, now)
    return _leave_running(head, now + delay, now)


def snooze(head: Head, delay: int, now: int) -> Head:
    """Later, with the attempt given back."""
    _allow(head, Event.SNOOZE)
    return (
        _finish(head, State.CANCELLED, now) if head.cancel else _leave_running(_restore_attempt(head), now + delay, now)
    )


def release(head: Head, now: int) -> Head:
    """The worker gives the task back unharmed: no attempt used."""
    _allow(head, Event.RELEASE)
    return _finish(head, State.CANCELLED, now) if head.cancel else _again(_restore_attempt(head), now)


def lose(head: Head, error: str, now: int, *, crashed: bool = False, limit: int = LOSS_LIMIT) -> Head:
    """Its worker or its process died. The attempt is given back (the task may not be to blame) until it is too often.

    `crashed`: nothing but this task can have been the cause. `limit`: of the losses that nobody explains.
    """
    _allow(head, Event.LOSE)
    head = head._replace(losses=head.losses + 1, crashes=head.crashes + crashed, error=error)
    if head.cancel:
        return _finish(head, State.CANCELLED, now)
    if head.crashes >= CRASH_LIMIT or head.losses - head.crashes >= limit:
        return _finish(head, State.FAILED, now)
    return _again(_restore_attempt(head), now)


def cancel(head: Head, now: int, *, stopped: bool = False) -> Head:
    """Ends a task that is not running; asks a running one to stop, or ends it once it has (`stopped`)."""
    _allow(head, Event.CANCEL)
    if head.state is State.RUNNING and not stopped:
        return head._replace(version=head.version + 1, cancel=True)
    return _finish(head, State.CANCELLED, now)


def retry(spec: Spec, head: Head, now: int) -> Head:
    """A person runs it again, with all its attempts."""
    _allow(head, Event.RETRY)
    version = head.version + 1
    return Head(state=State.READY, version=version, attempt=0, run_at=now, error=head.error, hold=spec.key)


def retry_delay(spec: Spec, head: Head, chance: float) -> int:
    """Microseconds until the next attempt, by the task's own policy."""
    return RetryPolicy.from_json(spec.retry).delay(head.attempt, chance)


def _allow(head: Head, event: Event) -> None:
    if (head.state, event) not in TRANSITIONS:
        raise IllegalTransition(f"a {head.state} task does not allow '{event}'")


def _leave_running(head: Head, run_at: int, now: int) -> Head:
    return head._replace(
        state=State.READY if run_at <= now else State.SCHEDULED,
        version=head.version + 1,
        run_at=run_at,
        lease_owner=None,
        lease_until=None,
    )


def _again(head: Head, now: int) -> Head:
    """At once, keeping its place in the queue."""
    return _leave_running(head, min(head.run_at, now), now)


def _finish(head: Head, state: State, now: int) -> Head:
    assert state in FINAL
    return head._replace(
        state=state,
        version=head.version + 1,
        lease_owner=None,
        lease_until=None,
        cancel=False,
        finished_at=now,
        hold=None,
    )


def _restore_attempt(head: Head) -> Head:
    return head._replace(attempt=max(0, head.attempt - 1))
