"""What workers hear by the store's bell. They never look by themselves here: what is not heard is never found."""

import asyncio
from typing import Any

from taskmill.brokers.memory import MemoryBroker
from taskmill.core.state import State
from taskmill.engine.notifier import Notifier
from taskmill.engine.sender import BackgroundSender
from taskmill.stores.contract import Store
from tests.engine import handlers as h
from tests.engine.conftest import Trial

NEVER = 3600.0


class Interrupted:
    """A store in which a task is stored between the end of a claim that found nothing and its answer."""

    def __init__(self, store: Store, mill: Trial) -> None:
        self._store = store
        self._mill = mill
        self.added: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def turn(self, *args: Any, **named: Any) -> Any:
        answer = await self._store.turn(*args, **named)
        if not self.added.done():
            ear = self._store.bell.listen("ready")
            [id] = await self._mill.add(h.add.call(1, 1))
            self.added.set_result(id)
            await ear.wait(10)
            await asyncio.sleep(0.05)  # the worker has heard it too
            ear.close()
        return answer


async def test_a_task_that_is_stored_while_a_claim_finds_nothing(mill: Trial) -> None:
    mill.served = store = Interrupted(mill.store, mill)
    async with mill.worker(poll=NEVER):
        id = await asyncio.wait_for(store.added, 10)
        assert (await asyncio.wait_for(mill.final(id), 10)).head.state is State.SUCCEEDED


async def test_with_a_broker_what_has_no_ticket_is_heard_by_the_bell(mill: Trial) -> None:
    """As when it was stored in somebody's own transaction, or copied from another store."""
    mill.broker = broker = MemoryBroker()
    without, mill.notifier = mill.notifier, Notifier(mill.store, BackgroundSender(broker.announce))
    async with mill.worker(poll=NEVER):
        await asyncio.wait_for(mill.run(h.add.call(1, 1)), 10)
        mill.notifier = without
        ids = await mill.add(*(h.add.call(i, i) for i in range(1000)))
        for id in ids:
            assert (await asyncio.wait_for(mill.final(id), 10)).head.state is State.SUCCEEDED
    await broker.close()
