"""A path that leads to something of another program: one sentence, and every file beside it is as it was."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call

COMMANDS = [["list"], ["get", "x"], ["workers"], ["queues", "list"], ["migrate"], ["migrate", "--check"], ["doctor"]]

CRASHED = """
import os, sqlite3, sys
connection = sqlite3.connect("other.db", isolation_level=None)
connection.execute("PRAGMA journal_mode = " + sys.argv[1])
connection.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT)")
connection.execute("PRAGMA cache_size = 1")
if sys.argv[1] == "wal" and sys.argv[2] == "checkpointed":
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
connection.execute("BEGIN")
connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
                   " INSERT INTO tasks SELECT i, hex(randomblob(50)) FROM n")
if sys.argv[1] == "wal":
    connection.execute("COMMIT")
os._exit(0)
"""
"""Leaves a journal to roll back, or a log to write into the file."""


def contents(folder: Path) -> dict[str, bytes]:
    """Of all files but the index of a log, which is made anew by whoever opens it."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("left", ["delete", "wal checkpointed", "wal whole"])
def test_another_program_that_died_finds_everything_as_it_left_it(
    call: Call, folder: Path, left: str, command: list[str]
) -> None:
    journal, _, log = left.partition(" ")
    subprocess.run([sys.executable, "-c", CRASHED, journal, log], cwd=folder, check=True, timeout=60)
    before = contents(folder)
    assert len(before) == 2
    result = call(*command, "--store", "sqlite:///other.db")
    assert result.exit_code == (1 if command == ["doctor"] else 4)
    assert "belongs to another program" in result.output
    assert contents(folder) == before


@pytest.mark.parametrize("version", [0, 1, 4, 99])
def test_a_version_of_its_own_makes_it_no_store(call: Call, folder: Path, version: int) -> None:
    connection = sqlite3.connect("other.db")
    connection.execute("CREATE TABLE moz_places (id INTEGER PRIMARY KEY)")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = contents(folder)
    for command in COMMANDS:
        result = call(*command, "--store", "sqlite:///other.db")
        assert "belongs to another program" in result.output, command
    assert contents(folder) == before


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_is_no_database_is_left_alone(call: Call, folder: Path, command: list[str]) -> None:
    (folder / "notes.db").write_text("milk, bread, butter\n" * 100)
    before = contents(folder)
    result = call(*command, "--store", "sqlite:///notes.db")
    assert result.exit_code == (1 if command == ["doctor"] else 4)
    assert "is not a SQLite database" in result.output
    assert contents(folder) == before


def test_the_doctor_finds_no_store_in_an_empty_directory(call: Call, folder: Path) -> None:
    result = call("doctor")
    assert result.exit_code == 1
    assert f"there is no store at {folder}/taskmill.db yet\ttaskmill migrate makes it" in result.stdout
    assert "store connection\tok" not in result.stdout
    assert list(folder.iterdir()) == []
