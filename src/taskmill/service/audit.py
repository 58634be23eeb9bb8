"""The audit: written line by line, read in pages, verified as a chain."""

import asyncio
import contextlib
from typing import Annotated, Any

from msgspec import Meta, Struct

from taskmill.core import times
from taskmill.core.audit import AuditEntry, ChainEnd, Line, broken
from taskmill.core.errors import InvalidRequest, Problem, StoreError
from taskmill.core.times import iso
from taskmill.service.admission import parse_time
from taskmill.service.views import Time
from taskmill.stores.contract import AuditFilter, Store

PAGE = 500
DAY = 24 * 3600 * 1_000_000
MAKING = frozenset({"create", "create_batch"})
MANY = "…"
"""The target of a line for several tasks; each task itself has who made it."""
WITHIN = 1.0
"""Seconds."""


class AuditLine(Struct, kw_only=True):
    """One change by somebody."""

    number: Annotated[int, Meta(description="1, 2, 3 … without a gap.")]
    at: Time
    who: Annotated[str, Meta(examples=["user:ada"])]
    face: Annotated[str, Meta(description="Through which it came.", examples=["rest"])]
    address: str | None
    action: Annotated[str, Meta(examples=["cancel"])]
    target: Annotated[str, Meta(description="An id, a name, or a filter.")]
    affected: Annotated[int, Meta(description="How many tasks.")]
    outcome: Annotated[str, Meta(description="`done`, or the code of the error.", examples=["done"])]
    hash: Annotated[str, Meta(description="SHA-256 of the hash before and of this line.")]


class AuditWhere(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which lines: every condition that is given must hold."""

    who: str | None = None
    face: str | None = None
    action: str | None = None
    target: str | None = None
    after: Time | None = None
    before: Time | None = None


class AuditPage(Struct, kw_only=True):
    """Newest first."""

    lines: list[AuditLine]
    next_cursor: Annotated[str | None, Meta(description="Pass it as `cursor` for the next page; null on the last.")]


class AuditVerdict(Struct, kw_only=True):
    """Whether the audit is what it was when it was written."""

    intact: bool
    why: Annotated[str | None, Meta(description="What shows that it is not.")]
    lines: int
    end: Annotated[str, Meta(description="Number and hash of the last line: keep it elsewhere.", examples=["7:0b5c…"])]


class AuditLog:
    """What makes tasks is written together, within a second: a line for each caller. All else before it is answered."""

    def __init__(self, store: Store, *, batched: bool) -> None:
        """`batched`: on an event loop, which goes on; else everything is written at once."""
        self._store = store
        self._batched = batched
        self._made: dict[tuple[object, ...], list[Any]] = {}
        """What is to be written: the first entry, and how many tasks were made in all that have this in common."""
        self._later: asyncio.Task[None] | None = None

    async def write(self, entry: AuditEntry) -> None:
        """Raises StoreError."""
        if not self._batched or entry.action not in MAKING:
            await self._store.append_audit([entry])
            return
        self.made(entry)

    def made(self, entry: AuditEntry) -> None:
        """Tasks: written within a second, with others that the same caller made."""
        alike = entry.who, entry.face, entry.address, entry.action, entry.outcome
        some = self._made.get(alike)
        if some is None:
            self._made[alike] = [entry, entry.affected]
        else:
            some[1] += entry.affected
        if self._later is None:
            self._later = asyncio.get_running_loop().create_task(self._write_later())

    async def flush(self) -> None:
        """Raises StoreError; then nothing is lost."""
        made, self._made = self._made, {}
        try:
            if made:
                await self._store.append_audit(
                    [
                        first if count == first.affected else first._replace(target=MANY, affected=count)
                        for first, count in made.values()
                    ]
                )
        except BaseException:
            for alike, (first, count) in made.items():
                self._made[alike] = [first, count + self._made.get(alike, (first, 0))[1]]
            raise

    async def close(self) -> None:
        if self._later is not None:
            self._later.cancel()
            await asyncio.wait([self._later])
        with contextlib.suppress(StoreError):
            await self.flush()

    async def _write_later(self) -> None:
        try:
            while self._made:
                await asyncio.sleep(WITHIN)
                with contextlib.suppress(StoreError):
                    await self.flush()
        finally:
            self._later = None

    async def lines(self, where: AuditWhere, limit: int = 100, cursor: str | None = None) -> AuditPage:
        """Raises InvalidRequest."""
        if not 1 <= limit <= PAGE:
            raise InvalidRequest("limit is out of range", problems=[Problem("$.limit", f"must be 1 to {PAGE}")])
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise InvalidRequest("that is no cursor", problems=[Problem("$.cursor", "is not one that a page gave")])
        filter = AuditFilter(
            where.who,
            where.face,
            where.action,
            where.target,
            None if where.after is None else parse_time("$.after", where.after),
            None if where.before is None else parse_time("$.before", where.before),
        )
        await self.flush()
        lines = await self._store.audit(filter, limit + 1, None if cursor is None else int(cursor))
        more = str(lines[limit - 1].number) if len(lines) > limit else None
        return AuditPage(lines=[_view(line) for line in lines[:limit]], next_cursor=more)

    async def verify(self, known: str | None = None) -> AuditVerdict:
        """`known`: the end of an earlier verification, which must still be in the chain. Raises InvalidRequest."""
        number, _, hash = (known or "0:").partition(":")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise InvalidRequest("that is no end of an audit", hint="give NUMBER:HASH, as an earlier verify printed it")
        await self.flush()
        end, count, why = await self._store.audit_purged(), 0, None
        met = int(number) < end.number or (int(number), hash) == end
        while why is None and (lines := await self._store.audit_after(end.number, PAGE)):
            why = broken(end, lines)
            if any(line.number == int(number) for line in lines):
                met = any(line.hash == hash for line in lines)
            if why is None and int(number) <= lines[-1].number and not met:
                why = f"line {number} is not the one that was known"
            end, count = ChainEnd(lines[-1].number, lines[-1].hash), count + len(lines)
        if why is None and not met:
            why = f"line {number} is missing: the last one is {end.number}"
        return AuditVerdict(intact=why is None, why=why, lines=count, end=f"{end.number}:{end.hash}")

    async def keep(self, days: int) -> None:
        """Lines that are older go, now and each hour."""
        while True:
            with contextlib.suppress(StoreError):  # it is tried again
                while await self._store.purge_audit(times.now() - days * DAY, PAGE) == PAGE:
                    pass
            await asyncio.sleep(3600)


def _view(line: Line) -> AuditLine:
    return AuditLine(**(line._asdict() | {"at": iso(line.at)}))
