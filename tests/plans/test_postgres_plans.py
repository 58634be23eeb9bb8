"""Every statement on the path of a task runs on an index, whatever lies in the database and whatever is known of it.

Plans are made once for a connection and kept, so those made on empty tables must be as good as those made on full ones.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from taskmill.core.state import State
from taskmill.stores.contract import TaskFilter
from taskmill.stores.postgres import statements
from taskmill.stores.postgres.database import connect
from taskmill.stores.postgres.reads import oldest, picks
from taskmill.stores.postgres.statements import statement
from tests.servers import Provisioner

READY, BY_ID, BY_STATE = "task_ready", "task_pkey", "task_by_state"
ROWS = 20_000
HOT: dict[str, tuple[str, set[str]]] = {
    "claim by queue": (statements.claim("with_pick_by_queue"), {READY, BY_ID}),
    "claim by id": (statements.claim("with_pick_by_id"), {BY_ID}),
    "claim first": (statement("claim_first"), {READY, BY_ID}),
    "turn by queue": (statements.turn("with_pick_by_queue"), {READY, BY_ID}),
    "turn by id": (statements.turn("with_pick_by_id"), {BY_ID}),
    "save": (statements.save(), {BY_ID}),
    "extend": (statement("extend"), {BY_ID}),
    "reclaim": (statement("reclaim"), {BY_STATE, BY_ID}),
    "next due": (statement("next_due"), {"task_scheduled as a whole"}),
    "promote": (statement("promote"), {"task_scheduled", BY_ID}),
    "get": (statement("get"), {BY_ID}),
    "in the way": (statement("in_the_way"), {BY_ID, "task_hold"}),
    "ids between": (statement("ids_between"), {BY_ID}),
    "versions": (statement("versions"), {BY_ID}),
    "restore": (statement("restore"), {BY_ID}),
    "purge": (statements.purge("with_finished"), {"task_finished", BY_ID}),
    "purge by id": (statements.purge("with_finished_by_id"), {BY_ID}),
    "oldest ready": (statement("oldest_ready"), {READY}),
    "find": (picks(TaskFilter(), 9, 9)[0], {BY_STATE}),
    "find by state": (picks(TaskFilter(states=(State.FAILED,)), 9, 9)[0], {BY_STATE}),
    "find by key": (picks(TaskFilter(key="k"), 9, 9)[0], {"task_by_key"}),
    "export": (oldest(9, 9)[0], {BY_STATE}),
    "attempts": (statement("attempts"), set()),
}
"""What it is → the statement, and the indexes of `task` that it uses: no other way leads to `task`. The next due task
is the first one of its index, and no more of it is read."""
SORTS = {
    "claim by queue": "what is claimed, and a few tasks from each queue",
    "claim by id": "of the ids asked for",
    "turn by queue": "as the claim",
    "turn by id": "as the claim",
    "reclaim": "of running tasks, as many as workers have slots",
    "promote": "what was promoted",
}
FILL = f"""
INSERT INTO taskmill.task (id, task_type, queue, parameters, priority, attempt_limit, created_at,
                           state, version, attempt, run_at, cancel, finished_at, hold, key, losses)
SELECT 'task ' || i, 'sum', 'queue ' || i % 3, '{{}}', 2, 1, i,
       CASE WHEN i % 4 = 0 THEN 'ready' WHEN i % 4 = 1 THEN 'scheduled' ELSE 'succeeded' END, 1, 0, i, false,
       CASE WHEN i % 4 > 1 THEN i END, CASE WHEN i % 8 = 0 THEN 'key ' || i END, 'key ' || i, 0
FROM generate_series(1, {ROWS}) AS i
"""


class Database:
    """Empty, or full: an event loop of its own, so that one serves all tests of a module."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.connection = self.runner.run(self._open(url))

    async def _open(self, url: str) -> asyncpg.Connection:
        from taskmill.stores.postgres.store import PostgresStore

        store = PostgresStore(url)
        await store.open()
        await store.close()
        return await connect(url, "process")

    def execute(self, sql: str) -> None:
        self.runner.run(self.connection.execute(sql))

    def plan(self, sql: str) -> dict[str, Any]:
        """The one that is kept for every call."""
        width = max(map(int, re.findall(r"\$(\d+)", sql)), default=0)
        values = f"({', '.join(['NULL'] * width)})" if width else ""
        self.execute(f"PREPARE it AS {sql}")
        try:
            found = self.runner.run(self.connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE it{values}"))
        finally:
            self.execute("DEALLOCATE it")
        plan: dict[str, Any] = json.loads(found)[0]["Plan"]
        return plan

    def close(self) -> None:
        self.runner.run(self.connection.close())
        self.runner.close()


@pytest.fixture(scope="module", params=["empty", "full", "full and known"])
def database(any_postgres: Provisioner, request: pytest.FixtureRequest) -> Iterator[Database]:
    with any_postgres.fresh() as url:
        database = Database(url)
        if request.param != "empty":
            database.execute("INSERT INTO taskmill.queue SELECT 'queue ' || i FROM generate_series(0, 2) AS i")
            database.execute(FILL)
        if request.param == "full and known":
            database.execute("ANALYZE")
        yield database
        database.close()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def ways(plan: dict[str, Any], to: str) -> set[str]:
    """How each step reaches a table: the index, or what it does in place of using one."""
    steps = [node for node in nodes(plan) if node.get("Relation Name") == to and node["Node Type"] != "ModifyTable"]
    return {
        step.get("Index Name", step["Node Type"]) + ("" if step.get("Index Cond") else " as a whole") for step in steps
    }


@pytest.mark.parametrize("name", HOT)
def test_hot_statements_use_their_index(database: Database, name: str) -> None:
    sql, indexes = HOT[name]
    plan = database.plan(sql)
    assert ways(plan, "task") == indexes
    assert ways(plan, "attempt") <= {"attempt_pkey"}


@pytest.mark.parametrize("name", HOT)
def test_nothing_is_sorted_that_grows(database: Database, name: str) -> None:
    sorts = [node for node in nodes(database.plan(HOT[name][0])) if "Sort" in node["Node Type"]]
    assert bool(sorts) == (name in SORTS), sorts


def test_every_statement_of_the_store_is_used() -> None:
    folder = Path(statements.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [path.stem for path in folder.glob("sql/*.sql") if f'"{path.stem}"' not in code] == []
