"""`copy`: one line of truth at the end."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from taskmill.core.state import State
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store, WorkerRow
from taskmill.stores.open import open_store
from taskmill.testing.conformance.case import a_task
from tests.cli.conftest import COMMAND, ENVIRONMENT, Call

FROM_TO = ["copy", "--from", "sqlite:///old.db", "--to", "sqlite:///new.db"]


def opened(name: str) -> Store:
    store = open_store(f"sqlite:///{name}")
    run(store.open())
    return store


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    store = opened("old.db")
    run(store.add([a_task() for _ in range(1000)]))
    return store


def test_it_says_what_it_did_and_tells_its_progress(call: Call, old: Store, tmp_path: Path) -> None:
    result = call(*FROM_TO)
    assert result.exit_code == 0
    assert result.stdout == f"1000 tasks of {tmp_path}/old.db: 1000 copied; checked in {tmp_path}/new.db\n"
    assert result.stderr.splitlines() == [f"{seen} of 1000 tasks" for seen in (250, 500, 750, 1000)]
    assert run(opened("new.db").stats()).states[State.READY] == 1000
    assert "0 copied, 1000 there already" in call(*FROM_TO).stdout


def test_json(call: Call, old: Store) -> None:
    document = json.loads(call(*FROM_TO, "--json").stdout)
    assert (document["tasks"], document["copied"], document["refused"]) == (1000, 1000, [])


def test_the_store_of_the_settings_is_written_unless_another_is_named(
    call: Call, old: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKMILL_STORE", "sqlite:///new.db")
    assert "1000 copied" in call("copy", "--from", "sqlite:///old.db").stdout


def test_what_stays_out_is_a_failure(call: Call, old: Store) -> None:
    held = a_task(key="k")
    run(old.add([held]))
    run(opened("new.db").add([a_task(key="k")]))
    result = call(*FROM_TO)
    assert result.exit_code == 1
    assert "1000 copied, 1 refused" in result.stdout
    assert held.spec.id in result.stderr


def test_live_workers_are_refused_with_the_way_out(call: Call, old: Store) -> None:
    run(old.put_worker(WorkerRow("w1", "here", 1, 0, 0, "null", 16, 0, "1")))
    result = call(*FROM_TO)
    assert result.exit_code == 1
    assert "with --finished" in result.stderr
    assert "0 copied, 1000 unfinished and left" in call(*FROM_TO, "--finished").stdout


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("sqlite:///none.db", "sqlite:///new.db", "there is no store at"),
        ("sqlite:///old.db", "sqlite:///old.db", "both stores are"),
        ("memory://", "sqlite:///new.db", "lives in one process"),
        ("postgres://u:secret@h/db", "sqlite:///new.db", "did you mean postgresql://?"),
    ],
)
def test_urls_that_make_no_sense(call: Call, old: Store, source: str, target: str, says: str) -> None:
    result = call("copy", "--from", source, "--to", target)
    assert result.exit_code in (2, 4)
    assert says in result.stderr
    assert "secret" not in result.stderr
    assert not Path("none.db").exists()


@pytest.mark.slow
def test_ctrl_c_and_again(call: Call, old: Store, tmp_path: Path) -> None:
    run(old.add([a_task() for _ in range(20_000)]))
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *FROM_TO], cwd=tmp_path, env=ENVIRONMENT, stderr=pipe, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().endswith("of 21000 tasks\n")
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "the same command goes on where it was" in said
    assert "Traceback" not in said
    there = sum(run(opened("new.db").stats()).states.values())
    assert 0 < there < 21_000
    assert f"{21_000 - there} copied, {there} there already" in call(*FROM_TO).stdout
