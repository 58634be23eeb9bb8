"""`watch`, in a pipe."""

import json
import select
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from taskmill import App
from tests.cli.conftest import Call, free_port, running, stop


def test_one_task_is_followed_to_its_end_with_its_logs(call: Call, in_served: Path) -> None:
    id = call("submit", "-T", "message", "-P", "look here", "--no-wait", "--delay", "200ms").stdout.strip()
    result = call("watch", id)
    assert (result.exit_code, result.stdout) == (0, '{"message":"look here"}\n')
    assert "info look here" in result.stderr


def test_json_is_a_line_per_change(call: Call, in_served: Path) -> None:
    id = call("submit", "-T", "sleep", "-P", "0.5", "--no-wait").stdout.strip()
    lines = [json.loads(line) for line in call("watch", "--json", id).stdout.splitlines()]
    assert lines[-1]["state"] == "succeeded"
    assert {line["id"] for line in lines} == {id}
    assert all(before != after for before, after in pairwise(lines))


def test_a_task_that_fails_is_exit_code_1(call: Call, in_served: Path) -> None:
    id = call("submit", "-T", "math", "-P", "1 / 0", "--no-wait").stdout.strip()
    for args in (["watch", id], ["watch", "--json", id]):
        result = call(*args)
        assert result.exit_code == 1
        assert "division by zero" in result.stderr


def test_everything_is_followed_until_ctrl_c(call: Call, in_served: Path) -> None:
    with running("watch", "--json", cwd=in_served) as process:
        assert process.stdout is not None
        id = call("submit", "-T", "sleep", "-P", "60", "--no-wait").stdout.strip()
        while json.loads(process.stdout.readline())["id"] != id:  # its progress shows, whichever began first
            pass
        call("cancel", id)
        errors = stop(process, signal.SIGINT)
    assert (process.returncode, errors.strip()) == (130, "")


@pytest.mark.slow
def test_a_task_that_no_worker_knows_is_explained(call: Call, in_served: Path) -> None:
    app = App()

    @app.task
    def unheard_of() -> None: ...

    id = unheard_of.enqueue().id
    app.close()
    with running("watch", id, cwd=in_served) as process:
        assert process.stderr is not None
        assert "no worker knows the task type unheard_of" in process.stderr.readline()
        stop(process, signal.SIGINT)
    assert call("cancel", id).exit_code == 0


@pytest.mark.slow
def test_a_queue_or_a_type_is_followed_until_ctrl_c(call: Call, in_served: Path) -> None:
    with (
        running("watch", "--queue", "watched", "--json", cwd=in_served) as queue,
        running("watch", "-T", "math", cwd=in_served) as task_type,
    ):
        assert queue.stdout is not None
        assert task_type.stdout is not None
        waiting = {queue.stdout, task_type.stdout}
        while waiting:  # until both listen
            call("submit", "-T", "math", "-P", "1", "--no-wait")
            call("submit", "-T", "sleep", "-P", "0.5", "--queue", "watched", "--no-wait")
            waiting -= set(select.select(waiting, [], [], 1.0)[0])
        while (document := json.loads(queue.stdout.readline()))["state"] != "succeeded":
            assert document["queue"] == "watched"
        assert task_type.stdout.readline().split("\t")[1] == "math"
        assert stop(queue, signal.SIGINT).strip() == ""
        stop(task_type, signal.SIGINT)


def test_an_id_and_a_filter_cannot_go_together(call: Call, in_served: Path) -> None:
    result = call("watch", "--queue", "x", "01a20167-4d70-7b43-b36f-68b0bc9419a5")
    assert (result.exit_code, "cannot go together" in result.stderr) == (2, True)


def test_a_feed_that_is_away_costs_only_time(call: Call, in_served: Path) -> None:
    id = call("submit", "-T", "message", "-P", "look here", "--no-wait", "--delay", "200ms").stdout.strip()
    result = call("watch", id, "--feed", f"redis://127.0.0.1:{free_port()}/0")
    assert (result.exit_code, result.stdout) == (0, '{"message":"look here"}\n')
