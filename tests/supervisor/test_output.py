"""What a worker writes: how attempts went, and what handlers print, whoever reads it."""

import importlib.util
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskmill import App, TaskHandle
from taskmill.sdk.sync import run
from tests.chaos.running import RunningTaskmill, until
from tests.examples.running import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
EXECUTORS = ["on_the_loop", "in_a_thread", "in_a_process"]
"""Each runs the same code (speaking.py)."""
LINE = r"[\w-]+\[\d+\] [\d-]+ [\d:,]+ "


@pytest.fixture
def named(mill: RunningTaskmill, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("CHAOS_STORE", mill.store)
    spec = importlib.util.spec_from_file_location("app_of_output", Path(__file__).with_name("speaking.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.app
    module.app.close()


def final(handle: TaskHandle[object]) -> str:
    until(lambda: handle.refresh().head.finished_at is not None, 30, "it ended")
    return handle.refresh().head.state.value


def lines_of(mill: RunningTaskmill, handle: TaskHandle[object]) -> list[str]:
    """The log's lines that name this task, without what comes before the level."""
    return [re.sub(f"^{LINE}", "", line) for line in mill.said().splitlines() if handle.id in line]


def test_the_log_tells_how_attempts_went(mill: RunningTaskmill, named: App, tmp_path: Path) -> None:
    mill.start("--log-level", "debug", app="speaking:app")
    names = {"succeed": (), "fail": (), "snooze_once": (str(tmp_path / "seen"),), "give_up": ()}
    handles: dict[str, TaskHandle[object]] = {n: named.tasks[n].enqueue(*given) for n, given in names.items()}
    assert [final(handle) for handle in handles.values()] == ["succeeded", "failed", "succeeded", "cancelled"]
    assert mill.stop() == 0
    said = {n: "\n".join(lines_of(mill, handle)).replace(f"task {handle.id} ", "") for n, handle in handles.items()}
    start, success = r"DEBUG   taskmill\.worker: {0} starts, attempt 1 of \d", r"INFO    taskmill\.worker: {0} {1}"
    assert re.fullmatch(
        start.format("succeed") + "\n" + success.format("succeed", r"succeeded in 0\.\d+ s"), said["succeed"]
    )
    assert re.fullmatch(
        f"{start}\n{success}\n{start}\n".format("snooze_once", r"snoozes for 0\.010 s")
        + success.format("snooze_once", r"succeeded in 0\.\d+ s"),
        said["snooze_once"],
    )
    assert re.search(r"INFO    taskmill\.worker: give_up is cancelled after 0\.\d+ s", said["give_up"])
    failures = [line for line in said["fail"].splitlines() if line.startswith("WARNING")]
    first, last = r"attempt 1 of 2, again in 0\.0\d+ s", "attempt 2 of 2, for good"
    for failure, which in zip(failures, (first, last), strict=True):
        assert re.fullmatch(rf"WARNING taskmill\.worker: fail failed in 0\.\d+ s, {which}: ValueError: no", failure)
    assert "\x1b" not in mill.said()
    assert len(re.findall(r"^  Traceback", mill.said(), re.MULTILINE)) == 2
    assert not re.search(r"^worker-1\[1\]", mill.said(), re.MULTILINE), "no text of a task looks like a line of the log"


def test_success_is_told_unless_the_level_is_higher(mill: RunningTaskmill, named: App) -> None:
    mill.start(app="speaking:app")
    told: TaskHandle[object] = named.tasks["succeed"].enqueue()
    told.result(timeout=30)
    assert mill.stop() == 0
    mill.start("--log-level", "warning", app="speaking:app")
    untold: TaskHandle[object] = named.tasks["succeed"].enqueue()
    untold.result(timeout=30)
    failed: TaskHandle[object] = named.tasks["fail"].enqueue()
    assert final(failed) == "failed"
    assert mill.stop() == 0
    assert [len(lines_of(mill, handle)) for handle in (told, untold, failed)] == [1, 0, 2]


@pytest.mark.parametrize("where", EXECUTORS)
def test_what_a_handler_prints_is_in_the_log_with_its_task(mill: RunningTaskmill, named: App, where: str) -> None:
    mill.start("--workers", "1", app="speaking:app")
    handles: list[TaskHandle[object]] = []
    for _ in range(2):  # the second one prints too, although the first closed the stream
        handles.append(named.tasks[f"print_{where}"].enqueue())
        handles[-1].result(timeout=30)
    assert mill.stop() == 0
    for handle in handles:
        printed = [("stdout", "first"), ("stdout", "second"), ("stderr", "to stderr"), ("stdout", "by bytes")]
        printed.append(("stdout", "without an end"))
        lines = [line for line in lines_of(mill, handle) if "taskmill.worker" not in line]
        assert lines == [f"INFO    {stream}: task {handle.id}: {text}" for stream, text in printed]


@pytest.mark.parametrize("where", EXECUTORS)
def test_what_a_handler_prints_is_there_at_once(mill: RunningTaskmill, named: App, where: str) -> None:
    mill.start("--workers", "1", "--grace", "1", app="speaking:app")
    handle: TaskHandle[object] = named.tasks[f"print_and_wait_{where}"].enqueue()
    until(lambda: f"task {handle.id}: before the wait\n" in mill.said(), 20, "its line is there while it runs")
    assert handle.refresh().head.state.value == "running"


@pytest.mark.parametrize("where", EXECUTORS)
def test_last_words_are_not_lost_with_the_process(mill: RunningTaskmill, named: App, where: str) -> None:
    mill.start("--workers", "1", app="speaking:app")
    handle: TaskHandle[object] = named.tasks[f"die_{where}"].enqueue()
    assert final(handle) == "failed"
    until(
        lambda: f"{handle.id} die_{where} was lost" in mill.said() and " for good" in mill.said(),
        10,
        "the end is logged",
    )
    assert mill.said().count(f"task {handle.id}: last words\n") == 3
    lost = re.findall(f"task {handle.id} die_{where} was lost.* (for good|again)\\b", mill.said())
    assert lost == ["again", "again", "for good"]


@pytest.mark.parametrize("where", EXECUTORS)
def test_standard_input_is_empty_for_handlers(mill: RunningTaskmill, named: App, where: str) -> None:
    mill.start("--workers", "1", app="speaking:app")
    handle: TaskHandle[str] = named.tasks[f"read_{where}"].enqueue()
    assert handle.result(timeout=30) == "nothing"
    assert mill.stop() == 0


@pytest.mark.parametrize(
    ("streams", "when"), [("both", "early"), ("both", "late"), ("stdout", "late"), ("stderr", "late")]
)
def test_a_reader_that_went_away_fails_no_task(mill: RunningTaskmill, named: App, streams: str, when: str) -> None:
    arguments = ["up", "speaking:app", "--store", mill.store, "--port", str(free_port())]
    with mill.output.open("w") as file:
        errors: dict[str, Any] = {"stdout": file, "stderr": subprocess.PIPE, "both": subprocess.STDOUT}
        process = subprocess.Popen(
            [sys.executable, "-m", "taskmill", *arguments],
            env=mill.environment,
            stdin=subprocess.DEVNULL,
            stdout=file if streams == "stderr" else subprocess.PIPE,
            stderr=errors[streams],
        )
    reader = process.stderr if streams == "stderr" else process.stdout
    assert reader is not None
    try:
        if when == "late":  # the processes of all executors are there
            for where in EXECUTORS:
                named.tasks[f"read_{where}"].enqueue().result(timeout=60)
        reader.close()
        for where in EXECUTORS:
            handle: TaskHandle[int] = named.tasks[f"talk_{where}"].enqueue()
            assert handle.result(timeout=60) == 0
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.parametrize("where", EXECUTORS)
def test_streams_that_a_handler_replaced_fail_no_task_that_is_silent(
    mill: RunningTaskmill, named: App, where: str
) -> None:
    mill.start("--workers", "1", app="speaking:app")
    for name in ("replace", "read"):
        handle: TaskHandle[object] = named.tasks[f"{name}_{where}"].enqueue()
        handle.result(timeout=30)
        assert handle.refresh().head.losses == 0
    assert mill.stop() == 0
    assert f"read_{where} succeeded in" in mill.said()


def test_without_standard_descriptors_it_runs_all_the_same(mill: RunningTaskmill, named: App) -> None:
    command = [sys.executable, "-m", "taskmill", "worker", "speaking:app", "--store", mill.store]
    process = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command], env=mill.environment)
    try:
        for where in EXECUTORS:
            assert named.tasks[f"talk_{where}"].enqueue().result(timeout=60) == 0
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.parametrize("where", EXECUTORS)
def test_an_app_that_configures_logging_mutes_nothing(mill: RunningTaskmill, named: App, where: str) -> None:
    mill.start("--workers", "1", app="configured:app")
    handle: TaskHandle[object] = named.tasks[f"log_{where}"].enqueue()
    handle.result(timeout=30)
    assert mill.stop() == 0
    records = run(named.clients.sync().store.attempts(handle.id))
    assert [record.outcome for record in records] == ["succeeded"], mill.said()
    [record] = records
    assert [line["message"] for line in json.loads(record.log or "[]")] == [
        "early",
        "late",
        "root",
        "printed",
        "context",
    ]
    lines = lines_of(mill, handle)
    assert len(lines) == 3
    assert lines[0] == f"INFO    stderr: task {handle.id}: own format: printed", "by the app's own handler, as it says"
    assert lines[1] == f"INFO    taskmill.task.log_{where}: task {handle.id}: context"
    assert f"log_{where} succeeded in" in lines[2]


def test_without_a_configuration_an_app_logs_as_taskmill_does(mill: RunningTaskmill, named: App) -> None:
    mill.start("--workers", "1", app="speaking:app")
    handle: TaskHandle[object] = named.tasks["log_in_a_thread"].enqueue()
    handle.result(timeout=30)
    assert mill.stop() == 0
    words = [("early", "early"), ("late", "late"), ("root", "root"), ("root", "printed")]
    words += [("taskmill.task.log_in_a_thread", "context"), ("quiet", "not kept")]
    levels = {"printed": "WARNING", "not kept": "WARNING"}
    *lines, _ = lines_of(mill, handle)
    assert lines == [f"{levels.get(text, 'INFO'):7} {name}: task {handle.id}: {text}" for name, text in words]


def test_a_reader_that_does_not_read_holds_up_no_task(mill: RunningTaskmill, named: App) -> None:
    command = [sys.executable, "-m", "taskmill", "worker", "speaking:app", "--store", mill.store, "--workers", "1"]
    process = subprocess.Popen(command, env=mill.environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for where in EXECUTORS:
            named.tasks[f"flood_{where}"].enqueue().result(timeout=60)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        said = process.stderr.read()
        assert said.count("of a flood\n") > 100, "as many as the pipe took"
    finally:
        process.stderr.close()
        process.kill()
