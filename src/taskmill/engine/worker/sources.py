"""What a worker claims next: by queue, woken by the store's bell; with a broker, as its tickets say.

A ticket says that a task of its queue and priority is ready: the worker claims the first that it can run, in the order
of the store, whichever the ticket was sent for. So the order of tickets, some of which go back to the broker and come
again behind others, is nobody's concern.

With a broker, what has been ready for a while is claimed by queue as well, for its ticket may be lost: soon while no
tickets come, now and then while they do.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection, Sequence

from taskmill.brokers.contract import Broker
from taskmill.core.errors import StoreError
from taskmill.core.task import SECOND, Claim
from taskmill.engine.live.why import live_workers
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settings import WorkerTimings
from taskmill.engine.worker.tickets import TicketBuffer
from taskmill.stores.contract import ClaimQuery, Store

logger = logging.getLogger(__name__)


class QueueSource:
    """Without a broker: whatever is ready in the queues that this worker serves."""

    def __init__(self, queues: Collection[str] | None, task_types: Collection[str]) -> None:
        """`queues`: those to serve (None: all). `task_types`: those that can be run here."""
        self._queues = queues
        self._task_types = task_types
        self._after: str | None = None
        """The queue that was served last."""
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
        return ClaimQuery(room, self._queues, task_types=self._task_types, after=self._after)

    def claimed(self, query: ClaimQuery, claims: Sequence[Claim]) -> None:
        if claims:
            self._after = claims[-1].spec.queue
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
        notifier: Notifier,
        queues: Collection[str] | None,
        known: Collection[str],
        task_types: Collection[str],
        capacity: int,
        poke: Callable[[], None],
        timings: WorkerTimings,
    ) -> None:
        """`queues`: those to serve (None: all), `known`: those that exist. `task_types`: those that can be run here.
        `capacity`: tickets to have at most. `poke` is called when there is something to claim."""
        self._serves_all = queues is None
        self._served = set(known if queues is None else queues)
        self._task_types = task_types
        self._poke = poke
        self._timings = timings
        self._early_ticket = notifier.early_ticket
        self._buffer = TicketBuffer(broker, self._served, capacity, poke, timings)
        self._others = OtherWorkers(notifier.store, task_types)
        self._without_ticket = QueueSource(queues, task_types)
        """For tasks without a ticket, or with one that came too early."""
        self._overdue = QueueSource(queues, task_types)
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
            queue, priority = self._buffer.lane
            return ClaimQuery(len(ids), (queue,), task_types=self._task_types, priority=priority)
        elif query := self._without_ticket.query(room):
            return query
        query = self._overdue.query(room)
        return query and query._replace(ready_for=round(self._timings.ticket_grace * SECOND))

    def claimed(self, query: ClaimQuery, claims: Sequence[Claim]) -> None:
        if query.priority is not None and query.queues:
            self._buffer.claimed()
            if len(claims) < query.limit:
                [queue] = query.queues
                self._came_for_nothing(queue, lone=query.limit == 1)
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
        await self._others.close()
        await self._buffer.close()

    def _came_for_nothing(self, queue: str, *, lone: bool) -> None:
        """Tickets that came late, before their task was stored, or for a task that only others can run."""
        self._others.tell(queue)
        if lone:
            for delay in self._early_ticket.look_again:
                asyncio.get_running_loop().call_later(delay, self._look_again, queue)

    def _look_again(self, queue: str) -> None:
        self._others.tell(queue)
        self._without_ticket.poll()
        self._poke()


class OtherWorkers:
    """Tells workers that run other task types of a queue whose ticket came here, by the store's bell.

    To return the ticket would not do: the broker might deliver it here again, and again.
    """

    FRESH = 1.0
    """Seconds for which it is believed that there are such workers, or none."""

    def __init__(self, store: Store, task_types: Collection[str]) -> None:
        self._store = store
        self._task_types = task_types
        self._queues: set[str] = set()
        """To be told of."""
        self._telling: asyncio.Task[None] | None = None
        self._exist = False
        self._looked_at = -self.FRESH

    def tell(self, queue: str) -> None:
        if time.monotonic() - self._looked_at < self.FRESH:
            if self._exist:
                self._store.bell.ring("ready", (queue,))
            return
        self._queues.add(queue)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._look_and_tell())

    async def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])

    async def _look_and_tell(self) -> None:
        try:
            alive = [json.loads(row.task_types) for row in await live_workers(self._store)]
        except StoreError as error:
            logger.warning("the workers could not be read, so others are not told of tickets: %s", error)
            return
        self._exist = any(types is None or not set(types) <= set(self._task_types) for types in alive)
        self._looked_at = time.monotonic()
        queues, self._queues = self._queues, set()
        if self._exist:
            self._store.bell.ring("ready", queues)
