"""Duty: claims whose lease ran out are taken over and decided as lost."""

import logging
from collections.abc import Collection, Sequence

from taskmill.core.machine import LOSS_LIMIT
from taskmill.core.outcome import Failure, Interrupted, Lost, Outcome
from taskmill.core.state import State
from taskmill.core.task import SECOND, Claim, Decision
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settle import decide

logger = logging.getLogger(__name__)

BATCH = 200
VANISHED = Lost(Failure("worker_lost", "LeaseExpired", "the worker gave no sign of life before its lease ended"))


class Reap:
    name = "reap"
    wakes = False

    def __init__(self, notifier: Notifier, owner: str, lease: float, loss_limit: int = LOSS_LIMIT) -> None:
        self._notifier = notifier
        self._owner = owner
        self._lease = lease
        self._loss_limit = loss_limit

    async def step(self) -> float:
        """Looks often enough that a task waits little longer than its lease."""
        claims = await self._notifier.store.reclaim(self._owner, round(self._lease * SECOND), BATCH)
        await settle_lost(self._notifier, None, [(claim, VANISHED) for claim in claims], self._loss_limit)
        return 0.0 if len(claims) == BATCH else min(1.0, self._lease / 8)


async def give_back(
    notifier: Notifier,
    owner: str,
    dead: str,
    lease: float,
    suspects: Collection[str],
    lost: Lost,
    loss_limit: int = LOSS_LIMIT,
) -> None:
    """A worker is known to be dead: what it ran (`suspects`) is lost, what it had only claimed is given back unharmed.

    When the store fails in the middle, a repeat with the same `owner` goes on where this one stopped.
    """
    while claims := await notifier.store.reclaim(owner, round(lease * SECOND), BATCH, dead=[dead, owner]):
        ends = [(claim, lost if claim.spec.id in suspects else Interrupted()) for claim in claims]
        await settle_lost(notifier, dead, ends, loss_limit)


async def settle_lost(
    notifier: Notifier, worker: str | None, ends: Sequence[tuple[Claim, Outcome]], loss_limit: int = LOSS_LIMIT
) -> None:
    """`worker`: the dead worker, for the record of the attempts; the claims themselves name the new owner."""
    if not ends:
        return
    now = await notifier.store.clock()
    decisions = [_of(worker, decide(claim, outcome, now, 0.0, loss_limit=loss_limit)) for claim, outcome in ends]
    stale = set(await notifier.store.save(decisions))
    logger.warning("given back from a lost worker: %d", len(ends) - len(stale))
    for (claim, outcome), decision in zip(ends, decisions, strict=True):
        if isinstance(outcome, Lost) and decision.id not in stale:
            then = "for good" if decision.head.state is State.FAILED else "and runs again"
            spec, why = claim.spec, outcome.failure.message
            logger.warning("task %s %s was lost, %s: %s", spec.id, spec.task_type, then, why)
    saved = zip((claim.spec for claim, _ in ends), decisions, strict=True)
    notifier.changed([(spec, decision.head) for spec, decision in saved if spec.id not in stale])


def _of(worker: str | None, decision: Decision) -> Decision:
    attempt = decision.attempt
    return decision if attempt is None else decision._replace(attempt=attempt._replace(worker=worker))
