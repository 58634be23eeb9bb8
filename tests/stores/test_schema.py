"""The schema of a file: made once, by whoever is first; never touched by a Taskmill that is too old for it."""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from taskmill.core.errors import SchemaTooNew, StoreError
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
from taskmill.stores.sqlite import schema
from taskmill.stores.sqlite.database import PAGE_BYTES, Database
from taskmill.testing.conformance.case import a_task

OPEN = """
import sys
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
print("up", flush=True)
sys.stdin.readline()
store = open_store(f"sqlite:///{sys.argv[1]}")
run(store.open())
run(store.ping())
run(store.close())
"""


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def version(path: Path) -> object:
    return rows(path, "PRAGMA user_version")[0][0]


def opened(path: Path) -> None:
    Database(str(path), "process").close()


def test_a_fresh_file_gets_the_newest_schema(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    opened(path)
    assert version(path) == schema.steps()[-1][0]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]
    assert rows(path, "PRAGMA page_size") == [(PAGE_BYTES,)]


def test_a_file_keeps_the_size_of_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    rows(path, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; CREATE TABLE gone (x); DROP TABLE gone")
    opened(path)
    assert version(path) == schema.steps()[-1][0]
    assert rows(path, "PRAGMA page_size") == [(4096,)]


def test_steps_are_numbered_without_a_gap() -> None:
    assert [number for number, _ in schema.steps()] == list(range(1, len(schema.steps()) + 1))


def test_an_older_file_gets_the_missing_steps_and_keeps_its_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tasks.db"
    store = open_store(f"sqlite:///{path}")
    run(store.open())
    task = a_task()
    run(store.add([task]))
    run(store.close())
    steps = [*schema.steps(), (schema.steps()[-1][0] + 1, "CREATE TABLE extra (x TEXT) STRICT; DROP VIEW task_view;")]
    monkeypatch.setattr(schema, "steps", lambda: steps)
    run(store.open())
    assert run(store.get([task.spec.id])) == {task.spec.id: task}
    run(store.close())
    assert version(path) == steps[-1][0]
    assert rows(path, "SELECT count(*) FROM sqlite_schema WHERE name IN ('extra', 'task_view')") == [(1,)]


def test_a_step_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tasks.db"
    opened(path)
    before = version(path)
    steps = [*schema.steps(), (99, "CREATE TABLE extra (x TEXT) STRICT; CREATE TABLE task (x TEXT);")]
    monkeypatch.setattr(schema, "steps", lambda: steps)
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="task already exists"):
        run(store.open())
    assert version(path) == before
    assert rows(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == [(0,)]


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    opened(path)
    rows(path, "PRAGMA user_version = 1000")
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(SchemaTooNew, match=r"has schema 1000, and this Taskmill knows schemas up to \d") as refused:
        run(store.open())
    assert refused.value.hint == "use the Taskmill that made it, or a newer one"
    assert version(path) == 1000


def test_the_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    rows(path, "CREATE TABLE note (text)")
    with pytest.raises(StoreError, match="belongs to another program"):
        opened(path)
    assert version(path) == 0


def test_processes_that_start_at_once_make_one_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "tasks.db")]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
    errors = [child.communicate("go\n", timeout=30)[1] for child in children]
    assert (errors, [child.returncode for child in children]) == ([""] * 4, [0] * 4)
    assert version(tmp_path / "tasks.db") == schema.steps()[-1][0]


def test_every_table_with_a_task_in_it_is_cleaned_by_purge(tmp_path: Path) -> None:
    """Who adds such a table must clean it, or history grows for ever."""
    path = tmp_path / "tasks.db"
    opened(path)
    tables = [name for (name,) in rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    columns = {name: {row[1] for row in rows(path, f"PRAGMA table_info({name})")} for name in tables}
    with_task = {name for name, found in columns.items() if found & {"task_id", "task", "task_seq"}}
    folder = Path(schema.__file__).parent / "sql"
    purged = {path.read_text().split()[2] for path in folder.glob("purge_*.sql")}
    triggers = rows(path, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%AFTER DELETE ON task %'")
    by_trigger = {str(sql).partition("DELETE FROM ")[2].split()[0] for (sql,) in triggers}
    assert (purged, by_trigger) == ({"attempt"}, {"task_number"})
    assert with_task == purged | by_trigger


def test_people_can_read_the_view(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    store = open_store(f"sqlite:///{path}")
    run(store.open())
    run(store.add([a_task(priority=1, now=1_700_000_000_123_456)]))
    run(store.close())
    found = rows(path, "SELECT state, priority, created_at, finished_at FROM task_view")
    assert found == [("ready", "high", "2023-11-14T22:13:20.123Z", None)]
