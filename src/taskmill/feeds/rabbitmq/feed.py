"""The live feed's verbs, on RabbitMQ."""

from collections.abc import Collection, Sequence
from uuid import uuid4

from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.feeds import wire
from taskmill.feeds.contract import Answer, EventFilter, Subscription
from taskmill.feeds.rabbitmq.names import key, patterns
from taskmill.feeds.rabbitmq.publisher import EventMessage, EventPublisher
from taskmill.feeds.rabbitmq.status_responder import StatusResponder
from taskmill.feeds.rabbitmq.subscriber import RabbitSubscriber
from taskmill.wires.amqp import AMQP_TIMINGS, AmqpTimings, locate_rabbitmq
from taskmill.wires.availability import Availability


class RabbitFeed:
    """Connects with the first use. It carries events and questions, and remembers nothing."""

    def __init__(self, url: str, timings: AmqpTimings = AMQP_TIMINGS) -> None:
        """`amqp://user:password@host:5672/vhost` or `amqps://…`. Raises InvalidSettings."""
        location = locate_rabbitmq(url)
        self.location = location.shown
        self._timings = timings
        self._availability = Availability.of_feed(self.location)
        self._publisher = EventPublisher(location, self._availability, timings)
        self._subscriber = RabbitSubscriber(location, self._availability, timings)

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        await self._publisher.publish([EventMessage(key(event), event.kind, wire.encode(event)) for event in events])

    async def watch(self, where: EventFilter) -> Subscription:
        return await self._subscriber.watch(where, set(patterns(where)))

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        return {}

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        """The store does."""

    def answer(self, answer: Answer) -> None:
        self._subscriber.share(StatusResponder(answer, self._availability, self._timings))

    async def ping(self) -> None:
        id = str(uuid4())
        event = TaskEvent("log", id, "ping", "ping", 0, State.RUNNING, 0, 0)
        alone = f"ping.{id}"  # a key that nobody else has bound
        subscription = await self._subscriber.watch(EventFilter(frozenset({id})), {alone})
        try:
            await self._publisher.publish([EventMessage(alone, "log", wire.encode(event))])
            if not await subscription.next(self._timings.answer):
                raise self._availability.unavailable("what is told does not come back")
        finally:
            subscription.close()

    async def close(self) -> None:
        await self._subscriber.close()
        await self._publisher.close()
