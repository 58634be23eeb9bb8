"""Outcomes of ended attempts, until the store has them.

A decision is made once and sent until the store answers. So an answer that was lost does no harm: the decision comes
back as stale, and a stored head that equals it says that it was saved.
"""

import logging
import random
from collections.abc import Collection
from typing import NamedTuple

from taskmill.core.outcome import Fail, Outcome
from taskmill.core.task import Decision
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.in_flight import InFlight
from taskmill.engine.worker.logs import log_ends
from taskmill.engine.worker.printed import end_lines
from taskmill.engine.worker.run import Run
from taskmill.engine.worker.settle import decide

logger = logging.getLogger(__name__)


class SentDecision(NamedTuple):
    run: Run
    outcome: Outcome
    decision: Decision


class Completer:
    def __init__(self, notifier: Notifier, in_flight: InFlight, loss_limit: int) -> None:
        self._notifier = notifier
        self._in_flight = in_flight
        self._loss_limit = loss_limit
        self._ended: list[tuple[Run, Outcome]] = []
        self._sent: list[SentDecision] = []
        self._stale: list[SentDecision] = []

    def __len__(self) -> int:
        return len(self._ended) + len(self._sent) + len(self._stale)

    def put(self, run: Run, outcome: Outcome) -> None:
        run.ended = True
        self._ended.append((run, outcome))

    def decisions(self, now: int) -> list[Decision]:
        """What to save now; `now` is the store's time. They stay here until `saved` is called."""
        ended, self._ended = self._ended, []
        end_lines(run for run, _ in ended)
        self._sent += [SentDecision(run, outcome, self._decision(run, outcome, now)) for run, outcome in ended]
        return [sent.decision for sent in self._sent]

    def saved(self, stale: Collection[str]) -> None:
        """The store took what was sent, but for the stale."""
        sent, self._sent = self._sent, []
        if stale:
            self._stale += [one for one in sent if one.decision.id in stale]
            sent = [one for one in sent if one.decision.id not in stale]
        if sent:
            self._notify_saved(sent)

    async def settle_stale(self) -> None:
        """Decide again on the newer head where the claim still stands; the others are saved, or somebody else's now."""
        if not self._stale:
            return
        tasks = await self._notifier.store.get([one.decision.id for one in self._stale])
        stale, self._stale = self._stale, []
        saved = []
        for one in stale:
            task = tasks.get(one.decision.id)
            if task is not None and task.head == one.decision.head:
                saved.append(one)
            elif _outdated(one) or self._in_flight.renew(one.run, task):
                self.put(one.run, one.outcome)
            else:
                logger.warning("the outcome of task %s came too late and was refused", one.decision.id)
                self._in_flight.drop(one.run)
        self._notify_saved(saved)

    def _notify_saved(self, saved: list[SentDecision]) -> None:
        for one in saved:
            self._in_flight.drop(one.run)
        self._notifier.changed([(one.run.task, one.decision.head) for one in saved])
        log_ends(saved)

    def _decision(self, run: Run, outcome: Outcome, now: int) -> Decision:
        try:
            return decide(run.claim, outcome, now, random.random(), run.lines, self._loss_limit)
        except Exception as error:  # such as a stored retry policy that cannot be read: it must not stop the others
            logger.exception("task %s cannot be decided", run.task.id)
            failed = Fail(f"its outcome could not be decided: {error!r}")
            return decide(run.claim, failed, now, 0.0, run.lines)


def _outdated(sent: SentDecision) -> bool:
    """The claim was renewed after the decision was made: that is why it is stale."""
    return sent.decision.head.version != sent.run.claim.head.version + 1
