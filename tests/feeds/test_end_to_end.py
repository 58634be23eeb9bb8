"""Servers, workers and those who watch, with a real live feed between them."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.examples.running import ID, Running, up
from tests.faces.events import Sent, stream

pytestmark = pytest.mark.slow
STATES = ["scheduled", "ready", "running", "succeeded"]
BIN = Path(sys.executable).parent
APP = """
import os, time
from taskmill import App, Context

app = App()


@app.task
def talk(ctx: Context, until: str) -> int:
    ctx.log("begun")
    ctx.progress(0.5, "half")
    while not os.path.exists(until):
        time.sleep(0.01)
    return 1
"""
WATCH = """
import sys
from tasks import app, talk

handle = talk.handle(sys.argv[1])
for event in handle.events():
    print(event.kind, flush=True)
    if event.kind != "log" and event.progress:  # told on its way, or before this program had begun to watch
        print(handle.status(), handle.progress().note, flush=True)
        open(sys.argv[2], "w").close()
"""


@pytest.fixture(params=["redis_url", "amqp_url"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "tasks.py").write_text(APP)
    (tmp_path / "watch.py").write_text(WATCH)
    feed = request.getfixturevalue(request.param)
    (tmp_path / "taskmill.toml").write_text(f'feed = "{feed}"\n')
    with up(tmp_path, BIN, "tasks:app") as running:
        yield running


def test_log_lines_and_progress_come_while_the_handler_runs(running: Running) -> None:
    go = running.directory / "go"
    with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=20) as http, every(http) as many:
        draft = {"task_type": "talk", "parameters": {"until": str(go)}, "delay": 0.3}
        id = http.post("/api/tasks", json=draft).json()["id"]
        with stream(http, f"/api/tasks/{id}/events") as one:
            seen = {next(one).name}
            while not {"log", "progress"} <= seen:
                seen.add(next(one).name)
            status = http.get(f"/api/tasks/{id}/status").json()
            assert (status["state"], status["progress"]["note"]) == ("running", "half")
            go.touch()
            assert [event.name for event in one][-1] == "end"
        told = [next(many)]
        while told[-1].data["state"] != "succeeded":
            told.append(next(many))
        states = [event.data["state"] for event in told if event.name == "state"]
        assert states == [state for state in STATES if state in states]  # one may come too late, none out of order
        assert http.get(f"/api/tasks/{id}/status").json()["state"] == "succeeded"


def every(http: httpx.Client) -> AbstractContextManager[Iterator[Sent]]:
    return stream(http, "/api/events", task_type="talk")


def test_python_and_the_command_line_follow(running: Running) -> None:
    [id] = ID.findall(running.shell("taskmill submit -T talk -p until=go --no-wait --delay 500ms"))
    said = running.shell(f"TASKMILL_FEED=$(cut -d '\"' -f 2 taskmill.toml) python watch.py {id} go")
    assert "running half" in said
    assert said.split()[-1] == "state"
    assert running.shell(f"taskmill watch {id}").startswith("1\n")
