"""store/records and store/audit: small documents beside tasks, and a chain of lines that says who changed what."""

import asyncio
from typing import Any

from taskmill.core.audit import AuditEntry, ChainEnd, Line, broken
from taskmill.stores.contract import AuditFilter, Store
from taskmill.testing.conformance.case import StoreCase, scenario

ENTRY = AuditEntry(1_000, "user:ädä", "rest", "10.0.0.1", "cancel", "id", 2**40, "done")


class Recorded(StoreCase):
    @scenario
    async def test_records_come_change_and_go(self, store: Store) -> None:
        assert await store.put_record("user", "b", '{"n":"é"}')
        assert await store.put_record("user", "a", "1", only_new=True)
        assert not await store.put_record("user", "a", "2", only_new=True)
        assert await store.put_record("token", "a", "3")
        assert list((await store.records("user")).items()) == [("a", "1"), ("b", '{"n":"é"}')]
        assert await store.records("user", ["b", "c"]) == {"b": '{"n":"é"}'}
        assert await store.records("user", []) == {}
        assert await store.put_record("user", "a", "4")
        assert await store.drop_records("user", ["a", "a", "c"]) == 1
        assert await store.drop_records("user", []) == 0
        assert await store.records("user") == {"b": '{"n":"é"}'}
        assert await store.records("token") == {"a": "3"}
        assert await store.records("session") == {}

    @scenario
    async def test_lines_of_the_audit_are_a_chain(self, store: Store) -> None:
        await store.append_audit([])
        await store.append_audit([ENTRY, ENTRY._replace(address=None)])
        await store.append_audit([ENTRY._replace(at=2_000, action="retry")])
        lines = await store.audit_after(0, 10)
        assert [line.number for line in lines] == [1, 2, 3]
        assert [AuditEntry(*line[1:-1]) for line in lines][:2] == [ENTRY, ENTRY._replace(address=None)]
        assert broken(ChainEnd(), lines) is None
        assert await store.audit(AuditFilter(), 2) == lines[:0:-1]
        assert await store.audit(AuditFilter(), 2, before=2) == lines[:1]
        assert await store.audit_after(1, 1) == lines[1:2]

    @scenario
    async def test_a_filter_asks_for_all_that_it_has(self, store: Store) -> None:
        await store.append_audit([ENTRY, AuditEntry(2_000, "local", "cli", None, "pause", "mail", 1, "conflict")])
        given: dict[str, tuple[Any, Any]] = {
            "who": ("user:ädä", "local"),
            "face": ("rest", "cli"),
            "action": ("cancel", "pause"),
            "target": ("id", "mail"),
            "before": (2_000, 2_001),
            "after": (999, 1_000),
        }
        for name, (first, second) in given.items():
            found = [await store.audit(AuditFilter(**{name: value}), 9) for value in (first, second)]
            numbers = [[line.number for line in lines] for lines in found]
            assert numbers == {"before": [[1], [2, 1]], "after": [[2, 1], [2]]}.get(name, [[1], [2]]), name
        assert await store.audit(AuditFilter(who="local", face="rest"), 9) == []

    @scenario
    async def test_what_is_purged_leaves_its_end(self, store: Store) -> None:
        assert await store.audit_purged() == ChainEnd()
        await store.append_audit([ENTRY._replace(at=at) for at in (1, 2, 3, 4)])
        before = await store.audit_after(0, 9)
        assert await store.purge_audit(before=4, limit=2) == 2
        assert await store.purge_audit(before=1, limit=2) == 0
        assert await store.audit_purged() == ChainEnd(2, before[1].hash)
        assert await store.purge_audit(before=9, limit=9) == 2
        assert await store.audit_after(0, 9) == []
        await store.append_audit([ENTRY])
        [line] = await store.audit_after(0, 9)
        assert line.number == 5
        assert broken(await store.audit_purged(), [line]) is None

    @scenario
    async def test_who_appends_at_the_same_time_makes_one_chain(self, store: Store) -> None:
        entries = [[ENTRY._replace(target=f"{n} {i}") for i in range(3)] for n in range(20)]
        await asyncio.gather(*(store.append_audit(some) for some in entries))
        lines = await store.audit_after(0, 99)
        assert broken(ChainEnd(), lines) is None
        assert sorted(line.target for line in lines) == sorted(one.target for some in entries for one in some)

    @scenario
    async def test_a_line_that_was_changed_or_taken_out_is_found(self, store: Store) -> None:
        await store.append_audit([ENTRY] * 4)
        lines = await store.audit_after(0, 9)
        for number in (1, 2, 3):
            without = [line for line in lines if line.number != number]
            assert f"line {number} is missing" in (broken(ChainEnd(), without) or "")
        for name in Line._fields[1:]:
            other: Any = {name: 7 if name in ("at", "affected") else "x"}
            changed = [*lines[:1], lines[1]._replace(**other), *lines[2:]]
            assert "line 2" in (broken(ChainEnd(), changed) or ""), name
