"""A store that needs an event loop, for callers without one: its verbs block their thread and never suspend."""

from collections.abc import Callable, Collection
from typing import Any, cast

from taskmill.portal import Portal, portal
from taskmill.stores.contract import Bell, Ear, Store, Topic


def blocking(make: Callable[[], Store]) -> Store:
    """`make` is called on the loop on which the store will live."""
    return cast(Store, Blocking(make))


class Blocking:
    def __init__(self, make: Callable[[], Store]) -> None:
        self._portal = portal()
        self._store = self._portal.call(make)
        self.bell: Bell = BlockingBell(self._store.bell, self._portal)
        self.location = self._store.location

    def __getattr__(self, verb: str) -> Any:
        work = getattr(self._store, verb)

        async def call(*values: Any, **named: Any) -> Any:
            return self._portal.run(work(*values, **named))

        setattr(self, verb, call)
        return call


class BlockingBell:
    def __init__(self, bell: Bell, there: Portal) -> None:
        self._bell = bell
        self._portal = there

    def ring(self, topic: Topic, items: Collection[str]) -> None:
        self._portal.soon(self._bell.ring, topic, items)

    def listen(self, *topics: Topic) -> Ear:
        return BlockingEar(self._portal.call(self._bell.listen, *topics), self._portal)


class BlockingEar:
    def __init__(self, ear: Ear, there: Portal) -> None:
        self._ear = ear
        self._portal = there

    async def wait(self, timeout: float | None) -> list[tuple[Topic, str]]:
        return self._portal.run(self._ear.wait(timeout))

    def close(self) -> None:
        self._portal.soon(self._ear.close)
