"""What an operator does to whole stores: bring a schema up to date, copy all tasks into another store."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

from msgspec import Struct

from taskmill.core.errors import InvalidSettings, SchemaTooNew, StoreUnavailable
from taskmill.engine.client.copy import copy
from taskmill.stores.contract import Durability, Store
from taskmill.stores.open import open_store
from taskmill.stores.schema import schema_of


class Migration(NamedTuple):
    """Versions of a schema."""

    before: int
    """0: there was no store."""
    now: int
    newest: int
    """What this Taskmill works with."""


class CopyReport(Struct):
    source: str
    target: str
    tasks: int
    copied: int
    updated: int
    there: int
    unfinished_left: int
    purged: int
    refused: list[str]


async def migrate(url: str, durability: Durability, *, check: bool) -> Migration:
    """Bring a store up to date, or make it; `check`: only look. Raises InvalidSettings, SchemaTooNew, StoreError."""
    before, newest = await schema_of(url)
    if before > newest:
        raise SchemaTooNew(
            f"the store has schema {before}, and this Taskmill knows schemas up to {newest}",
            hint="use the Taskmill that made it, or a newer one",
        )
    if check:
        return Migration(before, before, newest)
    store = open_store(url, caller="loop", durability=durability)
    try:
        await store.open()
    finally:
        await store.close()
    return Migration(before, (await schema_of(url)).found, newest)


async def copy_store(
    source_url: str, target_url: str, *, finished: bool, progress: Callable[[int, int], None]
) -> CopyReport:
    """All tasks, or only the finished ones; `progress` gets how many were looked at, of how many.

    It may be stopped and repeated: what is there already is skipped. Raises Conflict, InvalidSettings, StoreError.
    """
    async with AsyncExitStack() as stack:
        source = await _opened(source_url, stack, must_exist=True)
        target = await _opened(target_url, stack, must_exist=False)
        if source.location == target.location:
            raise InvalidSettings(f"both stores are {source.location}", hint="--from the old one --to the new one")
        total = sum((await source.stats()).states.values())
        done = await copy(source, target, finished=finished, tell=lambda so_far: progress(so_far.seen, total))
        return CopyReport(
            source=source.location,
            target=target.location,
            tasks=done.seen,
            copied=done.new,
            updated=done.updated,
            there=done.there,
            unfinished_left=done.left,
            purged=done.purged,
            refused=done.refused,
        )


async def _opened(url: str, stack: AsyncExitStack, *, must_exist: bool) -> Store:
    if url.startswith("memory:"):
        raise InvalidSettings("a memory:// store lives in one process and can't be copied", hint="--from sqlite:///…")
    store = open_store(url, caller="loop")
    if must_exist and (await schema_of(url)).found == 0:
        raise StoreUnavailable(f"there is no store at {store.location}", hint="look at the URL after --from")
    stack.push_async_callback(store.close)
    await store.open()
    return store
