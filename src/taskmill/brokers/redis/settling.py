"""Tells Redis which entries are done and puts back tickets that were not claimed, several at once."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import redis.asyncio as client

from taskmill.brokers.packing import MOST, pack
from taskmill.brokers.redis.streams import FIELD, GROUP, LENGTH, Entry
from taskmill.brokers.shelf import Pack
from taskmill.wires.redis import FAILURES

Return = tuple[Pack[Entry], list[str]]


class Settled(Protocol):
    def __call__(self, pack: Pack[Entry], *, kept: bool) -> None: ...


class Settling:
    """`settled` hears of each pack that went back in part or as a whole."""

    def __init__(self, redis: client.Redis, settled: Settled, trouble: Callable[[BaseException], None]) -> None:
        self._redis = redis
        self._settled = settled
        self._trouble = trouble
        self._ended: list[Entry] = []
        self._returns: list[Return] = []
        self._task: asyncio.Task[None] | None = None

    def end(self, entry: Entry) -> None:
        self._ended.append(entry)
        self.wake()

    def give_back(self, pack: Pack[Entry], ids: list[str]) -> None:
        self._returns.append((pack, ids))
        self.wake()

    def wake(self) -> None:
        """Try again what failed."""
        if self._task is None and (self._ended or self._returns):
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Sends the rest."""
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        try:
            while self._ended or self._returns:
                ended, self._ended = self._ended, []
                returns, self._returns = self._returns, []
                await self._try(ended, returns)
        except FAILURES as error:
            self._trouble(error)
        finally:
            self._task = None

    async def _try(self, ended: list[Entry], returns: list[Return]) -> None:
        kept = False
        try:
            await self._send(ended, returns)
            kept = True
        finally:
            if not kept:
                self._ended = ended + self._ended
            for pack_, _ in returns:
                self._settled(pack_, kept=kept)

    async def _send(self, ended: Sequence[Entry], returns: Sequence[Return]) -> None:
        commands = self._redis.pipeline(transaction=True)
        by_key: defaultdict[str, list[bytes]] = defaultdict(list)
        for key, id in ended:
            by_key[key].append(id)
        for key, ids in by_key.items():
            commands.xack(key, GROUP, *ids)
            commands.xdel(key, *ids)
        for whole, ids_ in returns:
            most = min(MOST, whole.size - len(ids_)) or MOST
            for start in range(0, len(ids_), most):
                body = pack(ids_[start : start + most])
                commands.xadd(whole.handle.key, {FIELD: body}, maxlen=LENGTH, approximate=True)
        await commands.execute()
