"""From an outcome to the decision that is saved: the one match over all outcomes."""

import json
from collections.abc import Sequence
from typing import Any

from taskmill.core import machine
from taskmill.core.limits import TEN_YEARS
from taskmill.core.outcome import (
    Cancel,
    Fail,
    Failure,
    Interrupted,
    Lost,
    Outcome,
    Raised,
    Retry,
    Returned,
    Snooze,
    Stopped,
    TimedOut,
)
from taskmill.core.retry import RetryPolicy
from taskmill.core.task import SECOND, Attempt, Claim, Decision, Head, Spec


def decide(
    claim: Claim,
    outcome: Outcome,
    now: int,
    chance: float,
    log: Sequence[dict[str, Any]] = (),
    loss_limit: int = machine.LOSS_LIMIT,
) -> Decision:
    """`now`: the store's time; `chance` in [0, 1) is the jitter; `loss_limit`: of losses that nobody explains."""
    spec, head = claim
    if type(outcome) is Returned and not log:  # most tasks: the head says it all
        return Decision(spec.id, machine.succeed(head, outcome.result, now))
    after, name = next_head(spec, head, outcome, now, chance, loss_limit)
    return Decision(spec.id, after, None if name is None else _record(claim, after, name, now, log))


def next_head(
    spec: Spec, head: Head, outcome: Outcome, now: int, chance: float, loss_limit: int
) -> tuple[Head, str | None]:
    """The next head, and the name of the attempt's end; None when it never really began."""
    match outcome:
        case Returned(result):
            return machine.succeed(head, result, now), "succeeded"
        case Raised(failure, kinds, final):
            final = final or RetryPolicy.from_json(spec.retry).gives_up_on(kinds)
            delay = machine.retry_delay(spec, head, chance)
            return machine.fail(spec, head, failure.to_json(), now, delay, final=final), failure.code
        case TimedOut(failure):
            delay = machine.retry_delay(spec, head, chance)
            return machine.fail(spec, head, failure.to_json(), now, delay), failure.code
        case Retry():
            return _retried(spec, head, outcome, now, chance), "retry"
        case Snooze(delay=delay):
            return machine.snooze(head, _microseconds(delay), now), "snoozed"
        case Fail():
            error = Failure("failed", "Fail", str(outcome)).to_json()
            return machine.fail(spec, head, error, now, 0, final=True), "failed"
        case Cancel():
            error = Failure("cancelled", "Cancel", str(outcome)).to_json()
            return machine.cancel(head._replace(error=error), now, stopped=True), "cancelled"
        case Stopped():
            return machine.cancel(head, now, stopped=True), "cancelled"
        case Lost(failure, crashed):
            return machine.lose(head, failure.to_json(), now, crashed=crashed, limit=loss_limit), failure.code
        case Interrupted():
            return machine.release(head, now), None


def _retried(spec: Spec, head: Head, asked: Retry, now: int, chance: float) -> Head:
    delay = machine.retry_delay(spec, head, chance) if asked.delay is None else _microseconds(asked.delay)
    return machine.fail(spec, head, Failure("retry", "Retry", str(asked)).to_json(), now, delay)


def _microseconds(seconds: float) -> int:
    """Negative and NaN delays are none."""
    return round(min(seconds, TEN_YEARS) * SECOND) if seconds > 0 else 0


def _record(claim: Claim, after: Head, outcome: str, now: int, log: Sequence[dict[str, Any]]) -> Attempt:
    spec, head = claim
    return Attempt(
        spec.id,
        after.version,
        head.attempt,
        head.lease_owner,
        head.started_at,
        now,
        outcome,
        after.error,
        json.dumps(log) if log else None,
    )
