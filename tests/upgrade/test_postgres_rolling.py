"""Rolling change: those who were there before go on with the schema that is newer than they are."""

import asyncio
import shutil
from pathlib import Path

import pytest

from taskmill.core.errors import SchemaTooNew
from taskmill.core.state import State
from taskmill.stores.contract import Beat, ClaimQuery, Store, TaskFilter, WorkerRow
from taskmill.stores.open import open_store
from taskmill.stores.postgres import schema
from taskmill.testing.conformance.case import a_task, succeeded

pytestmark = pytest.mark.slow

NEWER = Path(__file__).with_name("newer")
ROUND = 5
WORKER = WorkerRow("w1", "host", 1, 1, 0, "null", 16, 0, "1")


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of the next Taskmill, once they are let in."""
    for file in schema.FOLDER.glob("*.sql"):
        shutil.copy(file, tmp_path)
    shutil.copy(NEWER / "notes.sql", tmp_path / f"{schema.steps()[-1][0] + 1:04}_notes.sql")
    return tmp_path


async def work(store: Store) -> None:
    """Everything that a server and a worker do all day, once."""
    tasks = [a_task(key=f"key {i}") for i in range(ROUND)] + [a_task()]
    assert await store.add(tasks) == {}
    await store.put_worker(WORKER)
    claims = await store.claim("w1", 60_000_000, ClaimQuery(ROUND))
    assert len(claims) == ROUND
    assert await store.extend("w1", [Beat(spec.id, head.version, "{}") for spec, head in claims], 60_000_000) == []
    stale, more = await store.turn("w1", [succeeded(claim, kept=True) for claim in claims], 60_000_000, ClaimQuery(9))
    assert (stale, len(more)) == ([], 1)
    assert await store.save([succeeded(claim) for claim in more]) == []
    assert [task.head.state for task in (await store.get([tasks[0].spec.id])).values()] == [State.SUCCEEDED]
    assert len((await store.find(TaskFilter(), 3)).tasks) == 3
    await store.promote(9)
    await store.reclaim("w1", 1, 9)


async def test_those_of_the_schema_before_go_on_while_and_after_it_changes(
    postgres_url: str, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = open_store(postgres_url, caller="loop")
    await old.open()
    rounds, begun, changed = 0, asyncio.Event(), asyncio.Event()

    async def go_on() -> None:
        nonlocal rounds
        while not (changed.is_set() and rounds % 10 == 0):
            await work(old)
            rounds += 1
            begun.set()

    working = asyncio.create_task(go_on())
    await begun.wait()
    monkeypatch.setattr(schema, "FOLDER", newer)
    new = open_store(postgres_url, caller="loop")
    await new.open()
    changed.set()
    await working
    assert rounds >= 10
    await work(new)
    assert (await new.stats()).states[State.SUCCEEDED] == (rounds + 1) * (ROUND + 1)
    await old.close()
    await new.close()


async def test_one_that_starts_with_a_schema_newer_than_it_knows_refuses(
    postgres_url: str, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema.FOLDER
    monkeypatch.setattr(schema, "FOLDER", newer)
    new = open_store(postgres_url, caller="loop")
    await new.open()
    monkeypatch.setattr(schema, "FOLDER", before)
    with pytest.raises(SchemaTooNew, match=r"has schema \d+, and this Taskmill knows schemas up to \d+") as refused:
        await open_store(postgres_url, caller="loop").open()
    assert refused.value.hint == "use the Taskmill that made it, or a newer one"
    await work(new)
    await new.close()
