"""Is the store there, has it the right schema, can it be written, and does its clock agree with ours?"""

import asyncio

from taskmill.cli.checks import disk, service
from taskmill.cli.checks.finding import Finding, failed, fine, looked, timed, warning
from taskmill.config.settings import Settings
from taskmill.core import times
from taskmill.core.task import SECOND
from taskmill.stores.contract import Store
from taskmill.stores.open import open_store
from taskmill.stores.schema import Schema, schema_of

AWAY = "is it running, and may this machine connect to it? The setting `store` says where it is"
SKEW = 1.0
"""Seconds between two clocks that deserve a word."""


async def check(settings: Settings) -> list[Finding]:
    """What needs an open store is left out when there is none."""
    reached: list[tuple[Store, Schema]] = []

    async def reach() -> list[Finding]:
        store = open_store(settings.store, caller="loop", durability=settings.durability)
        schema = await schema_of(settings.store)
        reached.append((store, schema))
        return [fine("store connection", store.place), _schema(schema)]

    found, space = await asyncio.gather(
        looked("store connection", reach, AWAY), looked("store disk", lambda: disk.check(settings.store))
    )
    for store, schema in reached:
        if schema.found == schema.newest:
            found += await _opened(store)
    return [*found, *space]


def _schema(schema: Schema) -> Finding:
    found, newest = schema
    if found == newest:
        return fine("store schema", f"version {found}")
    if found == 0:
        return failed("store schema", "there is no store yet", "taskmill migrate makes it; or is --store another one?")
    if found < newest:
        return warning(
            "store schema",
            f"version {found}; this Taskmill works with {newest}",
            "bring it up to date: taskmill migrate",
        )
    return failed(
        "store schema", f"version {found}; this Taskmill knows versions up to {newest}", "install the newer Taskmill"
    )


async def _opened(store: Store) -> list[Finding]:
    async def connect() -> list[Finding]:
        await store.open()
        return []

    async def close() -> list[Finding]:
        await store.close()
        return []

    try:
        if failures := await looked("store connection", connect, AWAY):
            return failures
        parts = await asyncio.gather(
            looked("store write", lambda: _write(store), AWAY),
            looked("store clock", lambda: _clock(store)),
            service.check(store),
        )
        return [finding for part in parts for finding in part]
    finally:
        await looked("store connection", close)


async def _write(store: Store) -> list[Finding]:
    return [fine("store write", f"written and read back in {await timed(store.ping())}")]


async def _clock(store: Store) -> list[Finding]:
    before = times.now()
    there = await store.clock()
    skew = (there - (before + times.now()) / 2) / SECOND
    if abs(skew) <= SKEW:
        return [fine("store clock", "agrees with that of this machine")]
    way = "ahead of" if skew > 0 else "behind"
    return [
        warning(
            "store clock",
            f"is {abs(skew):.1f} s {way} that of this machine; delays and start times given here are off by that",
            "let both machines keep their time by NTP",
        )
    ]
