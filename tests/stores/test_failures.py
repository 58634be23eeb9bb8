"""What goes wrong with a file is told in one sentence, and nothing is half-done."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from taskmill.core.errors import InvalidRequest, InvalidSettings, StoreError, StoreUnavailable
from taskmill.sdk.sync import run
from taskmill.stores.contract import TaskFilter
from taskmill.stores.open import open_store
from taskmill.stores.sqlite.store import SqliteStore
from taskmill.testing.conformance.case import a_task


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = cast(SqliteStore, open_store(f"sqlite:///{tmp_path}/tasks.db"))
    run(store.open())
    yield store
    run(store.close())


def connection(store: SqliteStore) -> apsw.Connection:
    assert store.writer.database is not None
    return store.writer.database.connection


def test_a_full_disk_refuses_and_keeps_what_is_there(store: SqliteStore) -> None:
    kept = a_task()
    run(store.add([kept]))
    pages = connection(store).execute("PRAGMA page_count").get
    connection(store).execute(f"PRAGMA max_page_count = {pages + 10}")
    for batch in ([a_task(parameters="x" * 100_000)], [a_task(parameters="x" * 9_000) for _ in range(50)]):
        with pytest.raises(StoreUnavailable, match="the disk is full") as refused:
            run(store.add(batch))
        assert refused.value.hint == "free some space on its disk"
        assert run(store.find(TaskFilter(), 9)).tasks == [kept]
    connection(store).execute("PRAGMA max_page_count = 100000")
    assert run(store.add([a_task(parameters="x" * 100_000)])) == {}


def test_a_read_only_file(store: SqliteStore) -> None:
    connection(store).execute("PRAGMA query_only = true")
    with pytest.raises(StoreError, match="read-only") as refused:
        run(store.add([a_task()]))
    assert refused.value.hint == "make the file and its folder writable by this user"


def test_a_program_that_holds_the_file(store: SqliteStore) -> None:
    connection(store).set_busy_timeout(1)
    rival = apsw.Connection(store.location)
    rival.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="kept by another process"):
        run(store.add([a_task()]))
    rival.execute("ROLLBACK")
    rival.close()
    assert run(store.add([a_task()])) == {}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot be opened") as refused:
        run(open_store(f"sqlite:///{tmp_path}/nowhere/tasks.db").open())
    assert refused.value.hint == "its folder must exist and be writable by this user"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "tasks.db").write_text("These are my notes. " * 100)
    with pytest.raises(StoreError, match="is not a SQLite database"):
        run(open_store(f"sqlite:///{tmp_path}/tasks.db").open())
    assert (tmp_path / "tasks.db").read_text().startswith("These are my notes.")


@pytest.mark.parametrize("fields", [{"key": "\ud800"}, {"timeout": 2**63}])
def test_values_that_no_column_holds(store: SqliteStore, fields: dict[str, Any]) -> None:
    for batch in ([a_task(**fields)], [a_task(), a_task(**fields)]):
        with pytest.raises(InvalidRequest, match="a value cannot be stored"):
            run(store.add(batch))
    assert run(store.count(TaskFilter(), 9)) == 0


def test_a_store_that_is_not_open(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not open"):
        run(open_store(f"sqlite:///{tmp_path}/tasks.db").ping())


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")
def test_no_file_stays_open(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    store = open_store(f"sqlite:///{tmp_path}/tasks.db")
    run(store.open())
    store.bell.ring("ready", ["a"])
    run(store.close())
    (tmp_path / "broken.db").write_text("no database " * 1000)
    for broken in ("broken.db", "nowhere/tasks.db"):
        with pytest.raises(StoreError):
            run(open_store(f"sqlite:///{tmp_path}/{broken}").open())
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("sqlit:///tasks.db", "did you mean sqlite://?"),
        ("postgres://localhost/x", "did you mean postgresql://?"),
        ("mysql://localhost/x", "known are sqlite:///taskmill.db, postgresql://"),
        ("tasks.db", "known are"),
        ("sqlite://tasks.db", "sqlite:///tasks.db"),
        ("sqlite:///", "sqlite:///taskmill.db"),
    ],
)
def test_urls_that_name_no_store(url: str, hint: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        open_store(url)
    assert hint in str(refused.value.hint)


def test_relative_and_absolute_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [
        cast(SqliteStore, open_store(url)).location for url in ("sqlite:///a b.db", f"sqlite:///{tmp_path}/a%20b.db")
    ]
    assert paths == [str(tmp_path / "a b.db")] * 2
