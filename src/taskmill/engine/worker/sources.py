"""What a worker claims next: by queue, woken by the store's bell; with a broker, by its tickets.

With a broker, what has been ready for a while is claimed by queue as well, for its ticket may be lost: soon while no
tickets come, now and then while they do.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

from taskmill.brokers.contract import Broker, Delivery
from taskmill.core.task import SECOND, Claim, Ticket
from taskmill.engine.sender import BackgroundSender
from taskmill.stores.contract import ClaimQuery

GRACE = 1.0
"""Seconds for which a task is left to its ticket."""
RARELY = 5.0
"""Seconds between looks by queue while tickets keep coming."""
AGAIN = (0.002, 0.01)
"""Seconds after which a worker looks for the task of a lone ticket that came before it was stored."""
PATIENCE = 0.25
"""Seconds a ticket may wait here for a slot before another worker gets it."""


class QueueSource:
    """Without a broker: whatever is ready in the queues that this worker serves."""

    def __init__(self, queues: Collection[str] | None) -> None:
        self._queues = queues
        self._look = True
        """Whether there may be ready tasks that nobody has looked for."""

    def look(self) -> None:
        """Something may be ready."""
        self._look = True

    def rung(self) -> None:
        """The store's bell says that something is ready."""
        self._look = True

    def wish(self, room: int) -> ClaimQuery | None:
        if not self._look or room <= 0:
            return None
        self._look = False  # what is heard from now on may be too late for this claim
        return ClaimQuery(room, self._queues)

    def claimed(self, wish: ClaimQuery, claims: Sequence[Claim]) -> None:
        if len(claims) == wish.limit:
            self._look = True

    def failed(self) -> None:
        """The wish was not granted, and nothing is known of it."""
        self._look = True

    def waiting(self) -> bool:
        """Whether something is here that others might take."""
        return False

    def tired(self) -> bool:
        """It has been waiting for too long."""
        return False

    def give_back(self) -> None:
        """To other workers."""

    async def take(self) -> None:
        """Returns when there is more to wish for; here the bell tells."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to do."""


class Hand:
    """Tickets that were delivered to this worker and are not claimed yet."""

    def __init__(self, tickets: BackgroundSender[Ticket]) -> None:
        self._tickets = tickets
        self._left: deque[tuple[Ticket, Delivery]] = deque()
        self._asked: list[tuple[Ticket, Delivery]] = []
        self._open: dict[Delivery, int] = {}
        """How many tickets of a delivery are not settled."""
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._left)

    def add(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._open[delivery] = len(delivery.tickets)
            self._left.extend((ticket, delivery) for ticket in delivery.tickets)
        self._since = time.monotonic()

    def ask(self, limit: int) -> list[str]:
        """Ids to claim now; `claimed` or `failed` must follow."""
        self._asked = [self._left.popleft() for _ in range(min(limit, len(self._left)))]
        return [ticket.id for ticket, _ in self._asked]

    def claimed(self) -> None:
        """Whatever could be claimed of them was."""
        for _, delivery in self._asked:
            self._settle(delivery)
        self._asked = []

    def failed(self) -> None:
        self._left.extendleft(reversed(self._asked))
        self._asked = []

    def tired(self) -> bool:
        return bool(self._left) and time.monotonic() - self._since > PATIENCE

    def give_back(self) -> None:
        """To other workers. The rest of a delivery that was claimed in part is announced anew."""
        rest = []
        while self._left:
            ticket, delivery = self._left.popleft()
            if self._open.get(delivery) == len(delivery.tickets):
                del self._open[delivery]
                delivery.back()
            elif delivery in self._open:
                rest.append(ticket)
                self._settle(delivery)
        if rest:
            self._tickets.put(rest)

    def _settle(self, delivery: Delivery) -> None:
        if delivery not in self._open:  # given back while its claim was under way
            return
        self._open[delivery] -= 1
        if not self._open[delivery]:
            del self._open[delivery]
            delivery.done()


class TicketSource:
    """With a broker: its tickets, taken while the worker has room for them."""

    def __init__(
        self,
        broker: Broker,
        tickets: BackgroundSender[Ticket],
        queues: Collection[str] | None,
        known: Collection[str],
        room: int,
        poke: Callable[[], None],
    ) -> None:
        """`queues`: those to serve (None: all), `known`: those that exist. `room`: tickets to hold at most. `poke` is
        called when there is something to wish for that `take` does not tell."""
        self._only = queues
        self._served = set(known if queues is None else queues)
        self._intake = broker.intake(self._served, room)
        self._hand = Hand(tickets)
        self._room = 0
        self._hungry = asyncio.Event()
        self._slow = QueueSource(queues)
        self._looked = time.monotonic()
        self._poke = poke
        self._untold = QueueSource(queues)
        """For tasks without a ticket, or with one that came too early."""

    def look(self) -> None:
        self._slow.look()

    def rung(self) -> None:
        """With a broker, only for tasks that got no tickets."""
        self._untold.look()

    def wish(self, room: int) -> ClaimQuery | None:
        # More are fetched beside this claim only if more may be there: to ask costs as much as to claim a lone one.
        if not 0 < len(self._hand) < room:
            self._want(room - len(self._hand))
        if time.monotonic() - self._looked > RARELY:
            self._slow.look()
        elif self._hand and room > 0:
            return ClaimQuery(room, ids=self._hand.ask(room))
        elif untold := self._untold.wish(room):
            return untold
        slow = self._slow.wish(room)
        return slow and slow._replace(ready_for=round(GRACE * SECOND))

    def claimed(self, wish: ClaimQuery, claims: Sequence[Claim]) -> None:
        if wish.ids is not None:
            self._hand.claimed()
            if len(wish.ids) == 1 and not claims:
                for delay in AGAIN:
                    asyncio.get_running_loop().call_later(delay, self._look_again)
            return
        self._looked = time.monotonic()
        (self._slow if wish.ready_for else self._untold).claimed(wish, claims)
        self._serve({claim.spec.queue for claim in claims})

    def failed(self) -> None:
        self._hand.failed()
        self._untold.failed()
        self._slow.failed()

    def waiting(self) -> bool:
        return bool(self._hand)

    def tired(self) -> bool:
        return self._hand.tired()

    def give_back(self) -> None:
        self._hand.give_back()

    async def take(self) -> None:
        await self._hungry.wait()
        self._hand.add(await self._intake.take(self._room))
        self._hungry.clear()

    async def close(self) -> None:
        self._hand.give_back()
        await self._intake.close()

    def _look_again(self) -> None:
        self._untold.look()
        self._poke()

    def _want(self, room: int) -> None:
        self._room = room
        if room > 0:
            self._hungry.set()
        else:
            self._hungry.clear()

    def _serve(self, queues: Collection[str]) -> None:
        """These turned out to have tasks."""
        if self._only is None and not self._served.issuperset(queues):
            self._served.update(queues)
            self._intake.serve(self._served)
