"""What a worker claims next: by queue, woken by the store's bell; with a broker, by its tickets.

With a broker, what has been ready for a while is claimed by queue as well, for its ticket may be lost: soon while no
tickets come, now and then while they do.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence

from taskmill.brokers.contract import Broker
from taskmill.core.task import SECOND, Claim
from taskmill.engine.early_ticket import EarlyTicket
from taskmill.engine.worker.settings import WorkerTimings
from taskmill.engine.worker.tickets import TicketBuffer
from taskmill.stores.contract import ClaimQuery


class QueueSource:
    """Without a broker: whatever is ready in the queues that this worker serves."""

    def __init__(self, queues: Collection[str] | None) -> None:
        self._queues = queues
        self._look = True
        """Whether there may be ready tasks that nobody has looked for."""

    def poll(self) -> None:
        """Something may be ready of which no news came."""
        self._look = True

    def notified(self) -> None:
        """The store's bell says that something is ready."""
        self._look = True

    def query(self, room: int) -> ClaimQuery | None:
        """What to claim now; `claimed` or `failed` must follow. Call it also with room 0: tickets that
        wait may then be returned to the broker."""
        if not self._look or room <= 0:
            return None
        self._look = False  # what is heard from now on may be too late for this claim
        return ClaimQuery(room, self._queues)

    def claimed(self, query: ClaimQuery, claims: Sequence[Claim]) -> None:
        if len(claims) == query.limit:
            self._look = True

    def failed(self) -> None:
        """Nothing is known of the claim."""
        self._look = True

    async def close(self) -> None:
        """Nothing to do."""


class TicketSource:
    """With a broker: its tickets, taken while the worker has room for them."""

    def __init__(
        self,
        broker: Broker,
        queues: Collection[str] | None,
        known: Collection[str],
        capacity: int,
        poke: Callable[[], None],
        timings: WorkerTimings,
        early_ticket: EarlyTicket,
    ) -> None:
        """`queues`: those to serve (None: all), `known`: those that exist. `capacity`: tickets to have at most. `poke`
        is called when there is something to claim."""
        self._serves_all = queues is None
        self._served = set(known if queues is None else queues)
        self._poke = poke
        self._timings = timings
        self._early_ticket = early_ticket
        self._buffer = TicketBuffer(broker, self._served, capacity, poke, timings)
        self._without_ticket = QueueSource(queues)
        """For tasks without a ticket, or with one that came too early."""
        self._overdue = QueueSource(queues)
        """For tasks whose ticket may be lost."""
        self._looked_at = time.monotonic()

    def poll(self) -> None:
        self._overdue.poll()

    def notified(self) -> None:
        """With a broker, only for tasks that got no tickets."""
        self._without_ticket.poll()

    def query(self, room: int) -> ClaimQuery | None:
        if room > 0 and time.monotonic() - self._looked_at > self._timings.ticketless_interval:
            self._overdue.poll()
        elif ids := self._buffer.take(room):
            return ClaimQuery(room, ids=ids)
        elif query := self._without_ticket.query(room):
            return query
        query = self._overdue.query(room)
        return query and query._replace(ready_for=round(self._timings.ticket_grace * SECOND))

    def claimed(self, query: ClaimQuery, claims: Sequence[Claim]) -> None:
        if query.ids is not None:
            self._buffer.claimed()
            if self._early_ticket.came_too_early(query.ids, claims):
                for delay in self._early_ticket.look_again:
                    asyncio.get_running_loop().call_later(delay, self._look_again)
            return
        self._looked_at = time.monotonic()
        (self._overdue if query.ready_for else self._without_ticket).claimed(query, claims)
        queues = {claim.spec.queue for claim in claims}
        if self._serves_all and not self._served.issuperset(queues):  # they turned out to have tasks
            self._served.update(queues)
            self._buffer.serve(self._served)

    def failed(self) -> None:
        self._buffer.failed()
        self._without_ticket.failed()
        self._overdue.failed()

    async def close(self) -> None:
        await self._buffer.close()

    def _look_again(self) -> None:
        self._without_ticket.poll()
        self._poke()
