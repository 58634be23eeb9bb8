"""claim and reclaim: one statement each."""

from collections.abc import Collection, Sequence
from typing import Any

from taskmill.core.task import Claim
from taskmill.stores.contract import ClaimQuery
from taskmill.stores.postgres import codec, statements
from taskmill.stores.postgres.connection import Connection
from taskmill.stores.postgres.statements import Pick, statement

ROUNDS = 3
"""Claimers that want the same few tasks of one queue at the same moment look again for others, so often at most."""


class Wanted:
    """What a claim asks for: the values of its statement."""

    def __init__(self, owner: str, lease: int, query: ClaimQuery, now: int | None) -> None:
        limit, queues, ids, ready_for = query
        self.pick: Pick = "with_pick_by_queue" if ids is None else "with_pick_by_id"
        self.nothing = limit <= 0 or empty(queues) or empty(ids)
        self.one = (
            (owner, lease, now, queues and list(queues), *ids) if ids and len(ids) == 1 and not ready_for else None
        )
        """For the statement that claims a lone task by its id."""
        self._left = limit
        self._who = owner, lease
        self._which = None if queues is None else list(queues), ready_for, now
        self._ids = () if ids is None else (list(ids),)

    def values(self) -> tuple[Any, ...]:
        return *self._who, self._left, *self._which, *self._ids

    def more(self, found: int, claimed: int) -> bool:
        """Told what was found and claimed: whether others may be there in place of some that were taken meanwhile."""
        supply = found >= self._left
        self._left -= claimed
        return supply and self._left > 0


async def claim(db: Connection, wanted: Wanted) -> list[Claim]:
    if wanted.one is not None:
        return [codec.claim(row) for row in await db.fetch(statement("claim_one"), *wanted.one)]
    claims: list[Claim] = []
    for _ in range(ROUNDS):
        rows = await db.fetch(statements.claim(wanted.pick), *wanted.values())
        some = read(rows)
        claims += some
        if not wanted.more(rows[0][1], len(some)):
            break
    return claims


def read(rows: Sequence[Any]) -> list[Claim]:
    """There is always a row, if only to say that there is no claim."""
    return [codec.claim(row, 2) for row in rows if row[2] is not None]


async def reclaim(
    db: Connection, owner: str, lease: int, limit: int, dead: Collection[str], now: int | None
) -> list[Claim]:
    rows = await db.fetch(statement("reclaim"), owner, lease, max(0, limit), list(dead), now)
    return [codec.claim(row) for row in rows]


def empty(words: Collection[str] | None) -> bool:
    """Given, but with nothing in it."""
    return words is not None and not words
