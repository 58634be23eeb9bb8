"""`submit`, against a real `taskmill up`."""

import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Call, call_real, running, stop


def test_it_waits_and_prints_the_result(call: Call, in_served: Path) -> None:
    result = call("submit", "-T", "math", "-P", "1 + 2 * 5")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "11\n", "")


def test_an_object_is_printed_as_json_and_a_text_as_it_is(call: Call, in_served: Path) -> None:
    assert call("submit", "-T", "message", "-P", '{"message": "hé"}').stdout == '{"message":"hé"}\n'


def test_json_is_the_whole_task(call: Call, in_served: Path) -> None:
    task = json.loads(call("submit", "-T", "math", "-P", "2", "--json", "--tag", "a", "--priority", "high").stdout)
    assert (task["state"], task["result"], task["tags"], task["priority"]) == ("succeeded", 2, ["a"], "high")


def test_a_failed_task_is_exit_code_1_and_is_not_tried_again(call: Call, in_served: Path) -> None:
    result = call("submit", "-T", "math", "-P", "1 / 0", "--retries", "3", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["attempt"] == 1
    assert "ExpressionError: column 3: division by zero" in result.stderr
    assert "hint: taskmill get -v" in result.stderr


@pytest.mark.parametrize("verbose", [[], ["-v"]])
def test_the_traceback_of_a_failed_task_is_shown_on_request(call: Call, in_served: Path, verbose: list[str]) -> None:
    result = call("submit", "-T", "math", "-P", "1 / 0", *verbose)
    assert ("Traceback" in result.stderr) == bool(verbose)


def test_no_wait_prints_the_id(call: Call, in_served: Path) -> None:
    id = call("submit", "-T", "message", "-P", "x", "--no-wait").stdout.strip()
    assert call("watch", id).stdout == '{"message":"x"}\n'


def test_what_does_not_start_in_time_expires(call: Call, in_served: Path) -> None:
    call("queues", "pause", "late")
    result = call("submit", "-T", "math", "-P", "1", "--queue", "late", "--expires", "200ms")
    assert result.exit_code == 1
    assert "expired: it had not started by 20" in result.stderr
    [task] = [json.loads(line) for line in call("list", "--queue", "late", "--json").stdout.splitlines()]
    assert (task["state"], task["error"]["code"], task["started_at"]) == ("cancelled", "expired", None)


def test_waiting_may_end_before_the_task(call: Call, in_served: Path) -> None:
    result = call("submit", "-T", "sleep", "-P", "60", "--wait-timeout", "100ms")
    assert result.exit_code == 124
    id = result.stderr.split()[2]
    assert call("cancel", id).exit_code == 0


@pytest.mark.slow
def test_ctrl_c_leaves_the_task_alone_and_says_so(call: Call, in_served: Path) -> None:
    with running("submit", "-T", "sleep", "-P", "60", "--tag", "ctrl-c", cwd=in_served) as process:
        task = _in_progress(call, "ctrl-c")
        errors = stop(process, signal.SIGINT)
    assert process.returncode == 130
    assert f"task {task['id']} goes on" in errors
    assert "Traceback" not in errors
    said = call("cancel", task["id"]).stdout.removeprefix(task["id"]).strip()
    assert said in ("asked to stop", "cancelled")  # the second when it has stopped before it is looked at again
    assert call("watch", task["id"]).exit_code == 1


def _in_progress(call: Call, tag: str) -> dict[str, str]:
    while True:
        for line in call("list", "--tag", tag, "--json").stdout.splitlines():
            task: dict[str, str] = json.loads(line)
            if task["progress"]:
                return task


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["-T", "mth", "-P", "1"], "did you mean math?"),
        (["-T", "math"], "expression"),
        (["-T", "math", "-p", "expresion=1"], "did you mean expression?"),
        (["-T", "sleep", "-P", "soon"], "seconds"),
        (["-T", "sleep", "-P", "-1"], "seconds"),
        (["-T", "math", "-P", "{"], "not a valid JSON object"),
        (["-T", "math", "-P", "1", "--delay", "soon"], "is no duration"),
        (["-T", "math", "-P", "1", "--retries", "-1"], "retries"),
        (["-T", "math", "-P", "1", "--queue", "a\nb"], "queue"),
        (["-T", "math", "-P", "1", "--priority", "urgent"], "high"),
        ([], "--type"),
    ],
)
def test_bad_input_is_exit_code_2_and_names_what_would_be_right(
    call: Call, here: Path, args: list[str], says: str
) -> None:
    result = call("submit", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr


def test_a_key_makes_no_second_task(call: Call, here: Path) -> None:
    first, second = (call("submit", "-T", "math", "-P", "1", "--key", "k", "--no-wait") for _ in range(2))
    assert first.stdout == second.stdout
    assert "has this key already" in second.stderr


@pytest.mark.slow
def test_without_a_worker_it_says_so(here: Path) -> None:
    with running("submit", "-T", "math", "-P", "1", cwd=here) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "hint: no worker is serving this store; start one: taskmill worker\n"
        stop(process, signal.SIGINT)
    assert process.returncode == 130


@pytest.mark.slow
def test_a_paused_queue_is_named(call: Call, in_served: Path) -> None:
    call("queues", "pause", "nights")
    with running("submit", "-T", "math", "-P", "1", "--queue", "nights", cwd=in_served) as process:
        assert process.stderr is not None
        assert "the queue nights is paused" in process.stderr.readline()
        assert call("queues", "resume", "nights").stdout == "nights is open\n"
        assert process.communicate(timeout=30)[0] == "1\n"


def test_arguments_that_are_no_text_are_refused(here: Path) -> None:
    command = ["submit", "-T", "message", "--no-wait", "-P"]
    result = call_real(*command, "\udcff", cwd=here)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
