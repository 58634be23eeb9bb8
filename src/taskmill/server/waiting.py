"""Waiting for tasks to end: one ear for all who wait, however many they are."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from taskmill.stores.contract import Bell, Ear

SLOW_LOOK = 1.0
"""Seconds after which somebody who waits looks for himself: a ring may be missed."""


class Finals:
    """Listens only while somebody waits. Needs a running event loop."""

    def __init__(self, bell: Bell) -> None:
        self.stopped = False
        """Nobody waits any longer: the server stops."""
        self._bell = bell
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._listener: asyncio.Task[None] | None = None

    @contextmanager
    def expect(self, id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the task may have become final; look at the task after this was entered."""
        event = asyncio.Event()
        self._waiting.setdefault(id, set()).add(event)
        if self._listener is None:
            # The ear is open before anybody looks at his task, so that no ring falls in between.
            ear = self._bell.listen("final")
            self._listener = asyncio.get_running_loop().create_task(self._listen(ear))
            self._listener.add_done_callback(lambda _: ear.close())
        try:
            yield event
        finally:
            self._leave(id, event)

    def stop(self) -> None:
        self.stopped = True
        for events in self._waiting.values():
            for event in events:
                event.set()

    def _leave(self, id: str, event: asyncio.Event) -> None:
        events = self._waiting[id]
        events.discard(event)
        if not events:
            del self._waiting[id]
        if not self._waiting and self._listener is not None:
            self._listener.cancel()
            self._listener = None

    async def _listen(self, ear: Ear) -> None:
        while True:
            for _, id in await ear.wait(None):
                for event in self._waiting.get(id, ()):
                    event.set()


async def ring(event: asyncio.Event, timeout: float) -> None:
    """Until the event is set, or `timeout` seconds or the slow look have passed."""
    try:
        async with asyncio.timeout(min(timeout, SLOW_LOOK)):
            await event.wait()
    except TimeoutError:
        pass
    event.clear()
