"""The early ticket: with a broker, the ticket of a lone task leaves before the task is stored (decision 0011)."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskmill.core.state import State
from taskmill.core.task import Head, Spec, Ticket

if TYPE_CHECKING:  # it brings asyncio, which a supervisor does without
    from taskmill.engine.sender import BackgroundSender

NOT_SENT = -math.inf


@dataclass(frozen=True, slots=True)
class EarlyTicket:
    """Insert and ticket need not wait for each other, because a ticket that names no task claims nothing.

    Whoever stores the task sends the ticket first, and another one if the insert took long. A worker whose lone ticket
    claimed nothing looks into the queues a little later, twice. All times are in seconds.
    """

    head_start: float = 0.005
    """How long before the end of the insert a ticket may leave."""
    look_again: tuple[float, ...] = (0.002, 0.01)
    """How long after a ticket that claimed nothing a worker looks into the queues."""

    def send(self, tickets: "BackgroundSender[Ticket] | None", tasks: Sequence[tuple[Spec, Head]]) -> float:
        """Sends the ticket of a lone task before it is stored, if no other ticket is being sent. Returns the time."""
        if tickets is None or len(tasks) != 1 or tickets.busy or tasks[0][1].state is not State.READY:
            return NOT_SENT
        spec = tasks[0][0]
        tickets.put((Ticket(spec.id, spec.queue, spec.priority),))
        return time.monotonic()

    def in_time(self, sent_at: float) -> bool:
        """Whether the task is stored soon enough after `send`: no second ticket is needed."""
        return time.monotonic() - sent_at <= self.head_start
