"""Every statement on the path of a task runs on an index, whatever lies in the file: its plan is looked at.

A table of tasks that is scanned, or sorted as a whole, would make the cost of a task grow with the backlog.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill.core.state import State
from taskmill.stores.contract import TaskFilter
from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.reads import picks
from taskmill.stores.sqlite.statements import statement

BY_ID = "sqlite_autoindex_task_1 (id=?)"
BY_AGE = "INTEGER PRIMARY KEY (rowid=?)"

HOT = {
    "any_ready": {"ready", "ready (queue=?)"},
    "pick_by_queue": {"ready (queue=? AND priority=? AND run_at<?)", BY_AGE},
    "pick_by_id": {BY_ID, BY_AGE},
    "start": {BY_AGE},
    "pick_expired": {"running (lease_until<?)", BY_AGE},
    "pick_dead": {"running", BY_AGE},
    "take_over": {BY_AGE},
    "owned": {BY_ID},
    "versions": {BY_ID},
    "pick_due": {"scheduled (run_at<?)", BY_AGE},
    "promote": {BY_AGE},
    "next_due": {"scheduled"},
    "pick_finished": {"finished (state=? AND finished_at>? AND finished_at<?)"},
    "pick_finished_by_id": {BY_ID},
    "purge": {BY_AGE},
    "get": {BY_ID},
    "known": {BY_ID},
    "ids_between": {"sqlite_autoindex_task_1 (id>? AND id<?)"},
    "holders": {"hold (hold=?)"},
    "oldest_ready": {"ready (queue=? AND priority=?)"},
    "few_ready": {"ready"},
    "expired": {"expiring (expires_at>? AND expires_at<?)"},
}
"""Statement → the indexes of `task` that it uses, and no other way to `task`."""

SORTS = {
    "pick_by_queue": "of a few tasks from each queue",
    "pick_by_id": "of the ids asked for",
}
SCANS_OF_AN_INDEX = {
    "any_ready": "stops at the first",
    "pick_dead": "of running tasks, as many as there are slots",
    "few_ready": "stops at a limit",
}
VIEWS = {
    "no filter": (TaskFilter(), "INTEGER PRIMARY KEY (rowid<?)"),
    "final state": (TaskFilter(states=(State.FAILED,)), "by_state (state=? AND rowid<?)"),
    "running": (TaskFilter(states=(State.RUNNING,)), "by_state (state=? AND rowid<?)"),
    "many ready": (TaskFilter(states=(State.READY,)), "INTEGER PRIMARY KEY (rowid<?)"),
    "key": (TaskFilter(key="k"), "by_key (key=? AND rowid<?)"),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(str(tmp_path_factory.mktemp("plans") / "tasks.db"), "process")
    yield database
    database.close()


def plan(database: Database, sql: str) -> list[str]:
    explain = f"EXPLAIN QUERY PLAN {sql}"
    positions = (1,) * sql.count("?")
    rows = database.execute(explain, positions) if positions else database.execute(explain, defaultdict(int))
    return [row[3] for row in rows]


def ways_to_tasks(steps: list[str]) -> set[str]:
    """How each step reaches the table of tasks: the index and its terms."""
    steps = [re.sub(r" (EXISTS|USING( COVERING)?( INDEX)?)\b", "", step) for step in steps]
    found = [re.fullmatch(r"(?:SEARCH|SCAN) (?:task|t)\b(.*)", step) for step in steps]
    return {match[1].strip() or "all of it" for match in found if match}


@pytest.mark.parametrize("name", HOT)
def test_hot_statements_use_their_index(database: Database, name: str) -> None:
    steps = plan(database, statement(name))
    assert ways_to_tasks(steps) == HOT[name]
    assert any("TEMP B-TREE" in step for step in steps) == (name in SORTS), steps
    scans = [step for step in steps if re.match("SCAN task", step)]
    assert bool(scans) == (name in SCANS_OF_AN_INDEX) or name == "next_due", scans


@pytest.mark.parametrize("name", ["save", "extend"])
def test_writes_of_many_rows_find_each_by_its_id(database: Database, name: str) -> None:
    for rows in (1, 2, 128):
        steps = plan(database, statement(name, rows))
        assert ways_to_tasks(steps) == {BY_ID}
        assert not any("TEMP B-TREE" in step for step in steps)


def test_history_is_found_by_its_task(database: Database) -> None:
    for name in ("attempts", "purge_attempts"):
        assert any(step == "SEARCH attempt USING PRIMARY KEY (task_id=?)" for step in plan(database, statement(name)))


@pytest.mark.parametrize("name", VIEWS)
def test_pages_are_read_in_order(database: Database, name: str) -> None:
    where, index = VIEWS[name]
    steps = plan(database, statement("find", picks=picks(where, {}, few_ready=False)).replace("?", "1"))
    assert ways_to_tasks(steps) == {index, BY_AGE}
    assert not any("TEMP B-TREE" in step for step in steps)


def test_every_statement_of_the_store_is_used() -> None:
    folder = Path(statements.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [path.stem for path in folder.glob("sql/*.sql") if f'"{path.stem}"' not in code] == []
