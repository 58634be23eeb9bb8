"""`migrate`: from which schema to which, and whether it is needed."""

import json
from pathlib import Path

import apsw
import pytest

from taskmill.stores.sqlite import schema
from tests.cli.conftest import Call

NEWEST = schema.steps()[-1][0]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_makes_what_is_not_there_and_says_so(call: Call) -> None:
    needed = call("migrate", "--check")
    assert (needed.exit_code, needed.stdout) == (1, f"needed: schema 0 → {NEWEST}\n")
    assert not Path("taskmill.db").exists()
    assert call("migrate").stdout == f"done: schema 0 → {NEWEST}\n"
    assert call("migrate").stdout == f"up to date: schema {NEWEST}\n"
    assert call("migrate", "--check").exit_code == 0


def test_an_older_store_is_brought_up_to_date(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("migrate").exit_code == 0
    steps = [*schema.steps(), (NEWEST + 1, "CREATE TABLE extra (x TEXT) STRICT")]
    monkeypatch.setattr(schema, "steps", lambda: steps)
    assert json.loads(call("migrate", "--check", "--json").stdout) == {
        "from": NEWEST,
        "to": NEWEST,
        "newest": NEWEST + 1,
    }
    assert call("migrate").stdout == f"done: schema {NEWEST} → {NEWEST + 1}\n"


def test_a_newer_store_is_refused(call: Call) -> None:
    assert call("migrate").exit_code == 0
    connection = apsw.Connection("taskmill.db")
    connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
    connection.close()
    for args in ([], ["--check"]):
        result = call("migrate", *args)
        assert result.exit_code == 4
        assert f"has schema {NEWEST + 1}" in result.stderr
