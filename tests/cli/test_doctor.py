"""`doctor`: what it finds, what it says to do, and that nothing keeps it from an answer."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from taskmill.core import times
from taskmill.sdk.sync import run
from taskmill.service.doctor import (
    FULL,
    TIGHT,
    CheckResult,
    Doctor,
    DoctorTimings,
    disk_space,
    fine,
    log_size,
)
from taskmill.stores.contract import Store, TaskTypeRow, WorkerRow
from taskmill.stores.memory import MemoryStore
from taskmill.stores.open import open_store
from taskmill.stores.sqlite.schema import steps
from taskmill.testing.conformance.case import a_task
from tests.cli.conftest import Call

NEWEST = steps()[-1][0]


def found(call: Call, *args: str) -> dict[str, tuple[str, str, str]]:
    """check → (level, what was found, what to do), and the exit code is that of the worst."""
    result = call("doctor", *args)
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert result.exit_code == any(level == "failed" for _, level, _, _ in lines), result.output
    return {check: (level, what, hint) for check, level, what, hint in lines}


@pytest.fixture
def kept(here: Path) -> Store:
    opened = open_store("sqlite:///taskmill.db")
    run(opened.open())
    return opened


def serving(queues: str) -> WorkerRow:
    return WorkerRow("w1", "here", 1, 0, 0, queues, 16, 0, "1")


def test_a_sound_store_with_a_worker(call: Call, kept: Store) -> None:
    run(kept.put_worker(serving("null")))
    run(kept.add([a_task(task_type="math", now=times.now())]))
    told = found(call)
    assert {level for level, _, _ in told.values()} == {"ok"}
    assert told["workers"][1] == "1 on here, 16 slots, for all queues"
    assert told["store write"][1].startswith("written and read back in ")
    assert told["store schema"][1] == f"version {NEWEST}"
    assert {"store disk", "store log", "store clock", "queues", "oldest ready task", "task types"} <= set(told)


def test_tasks_that_nobody_will_run_are_a_failure(call: Call, kept: Store) -> None:
    run(kept.put_worker(serving('["default", "print"]')))
    run(kept.add([a_task(queue="mail", task_type="strange"), a_task(queue="print", task_type="math")]))
    run(kept.pause("print", True))
    told = found(call)
    start = "start one: taskmill worker --queues mail"
    assert told["queue mail"] == ("failed", "has 1 ready tasks and no live worker that serves it", start)
    assert told["queue print"][0] == "warning"
    assert told["queue print"][2] == "if it should run: taskmill queues resume print"
    assert told["task type strange"][0] == "failed"
    assert told["oldest ready task"][0] == "warning"
    assert told["workers"][1].endswith("for the queues default, print")


def test_without_a_worker_it_warns(call: Call, here: Path) -> None:
    assert found(call)["workers"] == ("warning", "none is alive", "start one: taskmill worker")


def test_no_store_and_no_wrong_one_hides_the_others(call: Call, here: Path) -> None:
    urls = ["--store", "sqlite:///none.db", "--broker", "ampq://u:secret@h", "--feed", "kafka://u:secret@h"]
    told = found(call, *urls)
    migrate = f"taskmill migrate --store sqlite:///{here}/none.db"
    assert told["store schema"][2] == f"{migrate} makes it; or is --store another one?"
    assert told["broker"][1] == "'ampq://…@h' is not the URL of a broker"
    assert told["broker"][2].startswith("did you mean amqp://?")
    assert told["feed"][0] == "failed"
    assert "secret" not in str(told)
    assert not Path("none.db").exists()


def test_an_older_store_is_left_as_it_is_and_a_newer_one_is_told(call: Call, here: Path) -> None:
    for version, level, hint in [(99, "failed", "newer Taskmill"), (0, "failed", "taskmill migrate")]:
        connection = apsw.Connection("other.db")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        told = found(call, "--store", "sqlite:///other.db")
        assert told["store schema"][0] == level
        assert hint in told["store schema"][2]
        assert set(told) <= {"store connection", "store schema", "store disk", "store log", "private files"}


def test_what_is_no_store_is_told(call: Call, here: Path) -> None:
    Path("notes.db").write_text("notes " * 1000)
    assert "is not a SQLite database" in found(call, "--store", "sqlite:///notes.db")["store connection"][1]


def test_json(call: Call, here: Path) -> None:
    document = json.loads(call("doctor", "--json").stdout)
    assert document["sound"] is True
    assert {"check": "store schema", "level": "ok", "found": f"version {NEWEST}"} in document["findings"]


def test_a_check_that_hangs_or_breaks_is_a_finding() -> None:
    doctor = Doctor(DoctorTimings(timeout=0.05))
    reached = threading.Event()

    async def hang() -> list[CheckResult]:
        reached.set()
        await asyncio.Event().wait()
        return []

    async def crash() -> list[CheckResult]:
        raise ZeroDivisionError("by zero")

    async def work() -> list[CheckResult]:
        return [fine("c", "well")]

    def look(*looks: Callable[[], Awaitable[list[CheckResult]]]) -> list[CheckResult]:
        async def all_of_them() -> list[CheckResult]:
            return [
                each
                for part in await asyncio.gather(*(doctor.ask("c", one, "do this") for one in looks))
                for each in part
            ]

        return asyncio.run(all_of_them())

    assert look(hang, crash, work) == [
        CheckResult("c", "failed", "no answer within 0.05 s", "do this"),
        CheckResult("c", "failed", "ZeroDivisionError: by zero", "do this"),
        fine("c", "well"),
    ]
    assert reached.is_set()


@pytest.mark.parametrize(
    ("ahead", "says"), [(3_000_000, "3.0 s ahead of"), (-2_000_000, "2.0 s behind"), (0, "agrees")]
)
async def test_the_clock_of_the_store_is_compared_with_that_of_the_machine(ahead: int, says: str) -> None:
    class Other(MemoryStore):
        async def clock(self) -> int:
            return times.now() + ahead

    [told] = await Doctor().clock(Other())
    assert says in told.found
    assert (told.level == "ok") == (ahead == 0)


def test_a_full_disk_fails_and_a_tight_one_warns() -> None:
    assert [disk_space(free, 0).level for free in (FULL - 1, TIGHT - 1, TIGHT)] == ["failed", "warning", "ok"]
    assert [log_size(size).level for size in (0, 2**30)] == ["ok", "warning"]


def test_a_task_type_that_no_live_worker_has_is_a_failure(call: Call, kept: Store) -> None:
    run(kept.put_worker(serving("null")._replace(task_types='["math"]')))
    run(kept.put_worker(serving('["mail"]')._replace(id="w2", task_types='["note"]')))
    run(kept.put_task_types([TaskTypeRow(name, "default", "{}", "", "{}", 0) for name in ("report", "note")]))
    run(kept.add([a_task(task_type="report"), a_task(task_type="report"), a_task(task_type="note")]))
    told = found(call)
    has = "has 2 ready tasks, and no live worker has the task type report"
    assert told["task type report"] == ("failed", has, "start one whose app has it: taskmill worker MODULE:APP")
    has = "has 1 ready tasks, and no worker that has the task type note serves the queue default"
    assert told["task type note"] == ("failed", has, "start one: taskmill worker MODULE:APP --queues default")


def test_types_shows_which_are_served(call: Call, kept: Store) -> None:
    run(kept.put_worker(serving("null")._replace(task_types='["math", "note"]')))
    run(kept.put_task_types([TaskTypeRow(name, "default", "{}", "", "{}", 0) for name in ("report", "note")]))
    shown = {line.split("\t")[0]: line.split("\t")[-1] for line in call("types").stdout.splitlines()}
    assert (shown["report"], shown["note"]) == ("0", "1")
    assert "no live worker has it" in call("types", "show", "report").stdout


def test_submit_says_that_nobody_will_run_it(call: Call, kept: Store) -> None:
    run(kept.put_worker(serving("null")._replace(task_types='["math"]')))
    run(kept.put_task_types([TaskTypeRow("report", "default", "{}", "", "{}", 0)]))
    told = call("submit", "-T", "report", "--no-wait")
    assert told.stderr.startswith("hint: no live worker has the task type report; start one whose app has it: ")
    assert call("submit", "-T", "math", "-P", "1", "--no-wait").stderr == ""
