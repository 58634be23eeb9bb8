"""Which schema a store has, seen without changing anything."""

import asyncio
from typing import NamedTuple

from taskmill.core.extras import needs
from taskmill.stores.open import sqlite_path, store_scheme


class Schema(NamedTuple):
    found: int
    """0: nothing is there yet."""
    newest: int
    """What this Taskmill brings it to."""


async def schema_of(url: str) -> Schema:
    """Raises InvalidSettings, StoreUnavailable, StoreError."""
    scheme = store_scheme(url)
    if scheme == "sqlite":
        from taskmill.stores.sqlite import schema

        return Schema(*await asyncio.to_thread(schema.versions, sqlite_path(url)))
    if scheme == "postgresql":
        with needs("postgres", "the store PostgreSQL"):
            from taskmill.stores.postgres.schema import versions
        return Schema(*await versions(url))
    return Schema(1, 1)
