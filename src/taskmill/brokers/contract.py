"""What a broker promises. The conformance suite (taskmill.testing.conformance) holds every broker to it.

A broker carries tickets from whoever made tasks ready to workers. At least once, in any order, and loss is allowed:
what is not delivered is found in the store. All of it lives on the event loop on which it was made.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from taskmill.core.task import Ticket


class Delivery(Protocol):
    """Some tickets, handed to this worker alone for now. Exactly one of its ends is to be called; both never raise."""

    tickets: Sequence[Ticket]
    """Of one queue and priority."""

    def done(self) -> None:
        """The claims of its tickets are committed (or there was nothing to claim): never deliver them again."""
        ...

    def back(self) -> None:
        """Not claimed: for another worker, or this one later."""
        ...


class Intake(Protocol):
    """One worker's share. What it took and did not end goes to others when it closes, dies or loses its connection."""

    def serve(self, queues: Collection[str]) -> None:
        """From now on, tickets of these queues; those that are taken already stay valid."""
        ...

    async def take(self, limit: int) -> list[Delivery]:
        """Waits until there are tickets, then gives about `limit` of them: high before normal before low, but low is
        never starved for ever. Cancelling it loses no ticket. While the broker is away it waits, and connects again.

        A busy worker stops calling it: what the intake holds untaken goes back to the broker when nobody has waited
        here for a quarter of a second, and nothing more is fetched until somebody does.
        """
        ...

    async def close(self) -> None:
        """Whoever waits in `take` gets an empty list."""
        ...


class Broker(Protocol):
    place: str
    """Where it is, for people; without secrets."""

    async def announce(self, tickets: Sequence[Ticket]) -> None:
        """Returns when the broker holds them. Raises BrokerUnavailable, soon, when it is away or takes nothing now."""
        ...

    def intake(self, queues: Collection[str], capacity: int) -> Intake:
        """Tickets for one worker. Never raises: it connects in the background. `capacity`: how many tickets it may
        hold at most, taken or waiting to be, so that none waits behind a busy worker while another is idle."""
        ...

    async def ping(self) -> None:
        """One ticket there and back, on a queue of its own. Raises BrokerUnavailable."""
        ...

    async def close(self) -> None:
        """Closes its intakes, too."""
        ...
