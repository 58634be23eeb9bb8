"""The live feed's verbs, on RabbitMQ."""

from collections.abc import Collection, Sequence
from uuid import uuid4

from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.feeds import wire
from taskmill.feeds.contract import Answer, EventFilter, Subscription
from taskmill.feeds.rabbitmq.ears import Ears
from taskmill.feeds.rabbitmq.names import key, patterns
from taskmill.feeds.rabbitmq.questions import Questions
from taskmill.feeds.rabbitmq.voice import PATIENCE, Message, Voice
from taskmill.wires.amqp_address import locate_rabbitmq
from taskmill.wires.availability import Availability


class RabbitFeed:
    """Connects with the first use. It carries events and questions, and remembers nothing."""

    def __init__(self, url: str) -> None:
        """`amqp://user:password@host:5672/vhost` or `amqps://…`. Raises InvalidSettings."""
        location = locate_rabbitmq(url)
        self.place = location.place
        self._availability = Availability.of_feed(self.place)
        self._voice = Voice(location, self._availability)
        self._ears = Ears(location, self._availability)

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        await self._voice.tell([Message(key(event), event.kind, wire.encode(event)) for event in events])

    async def watch(self, where: EventFilter) -> Subscription:
        return await self._ears.watch(where, set(patterns(where)))

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        return {}

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        """The store does."""

    def answer(self, answer: Answer) -> None:
        self._ears.invite(Questions(answer, self._availability).attend)

    async def ping(self) -> None:
        id = str(uuid4())
        event = TaskEvent("log", id, "ping", "ping", 0, State.RUNNING, 0, 0)
        alone = f"ping.{id}"  # a key that nobody else has bound
        subscription = await self._ears.watch(EventFilter(frozenset({id})), {alone})
        try:
            await self._voice.tell([Message(alone, "log", wire.encode(event))])
            if not await subscription.next(PATIENCE):
                raise self._availability.unavailable("what is told does not come back")
        finally:
            subscription.close()

    async def close(self) -> None:
        await self._ears.close()
        await self._voice.close()
