"""What a broker promises. The conformance suite (taskmill.testing.conformance) checks it on every broker.

A broker carries tickets from whoever made tasks ready to workers, several in one message. At least once, in any order,
and loss is allowed: what is not delivered is found in the store. It publishes, consumes, acknowledges and returns.
Which tickets a worker keeps, sorts and gives back is the engine's (engine/worker/tickets.py). All of it lives on the
event loop on which it was made.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from taskmill.brokers.packing import MOST
from taskmill.core.task import Ticket


class TicketMessage(Protocol):
    """Tickets of one queue and priority, delivered to one consumer. It is to be ended once, by `ack` or by `nack`; both
    return at once and never raise, also when the connection on which it came is lost or closed."""

    queue: str
    priority: int
    ids: Sequence[str]
    """Of the tasks."""

    def ack(self) -> None:
        """Never deliver it again."""
        ...

    def nack(self) -> None:
        """Deliver it again, to whoever wants tickets."""
        ...


OnMessage = Callable[[TicketMessage], None]
OnLost = Callable[[], None]


class Consumer(Protocol):
    """One worker's share. It connects, and connects again, in the background. What it delivered and nobody ended goes
    to other consumers when it closes, dies or loses its connection."""

    def serve(self, queues: Collection[str]) -> None:
        """From now on, deliver tickets of these queues; messages that are here already stay valid."""
        ...

    def want(self, tickets: int) -> None:
        """There is room for so many tickets. 0: deliver nothing until more are wanted; what is on its way still comes.

        How many messages that makes is the adapter's guess: fewer tickets may come, and a message may bring more. After
        messages were delivered it may wait for the next call.
        """
        ...

    async def close(self) -> None:
        """Deliver nothing more. Closing twice does no harm."""
        ...


class Broker(Protocol):
    location: str
    """Where it is, for people; without secrets."""

    async def announce(self, tickets: Sequence[Ticket], per_message: int = MOST) -> None:
        """Returns when the broker has them. At most `per_message` go in one message.

        Raises BrokerUnavailable, soon, when it is away or takes nothing now.
        """
        ...

    def consume(self, queues: Collection[str], on_message: OnMessage, on_lost: OnLost) -> Consumer:
        """A consumer that wants nothing yet. Never raises. `on_message` gets each message that comes, in an order that
        the broker chooses. `on_lost` is called when a connection is lost and all messages that came by it and are not
        ended will be delivered again."""
        ...

    async def ping(self) -> None:
        """One ticket there and back, on a queue of its own. Raises BrokerUnavailable."""
        ...

    async def close(self) -> None:
        """Closes its consumers, too."""
        ...
