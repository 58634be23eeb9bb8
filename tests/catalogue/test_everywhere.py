"""Task types of the catalogue on a real mill, through REST, the command line and Python, each on real input."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from taskmill.catalogue import app
from taskmill.catalogue import settings as told
from tests.catalogue.mail.server import Post, post_office
from tests.catalogue.web import recorded
from tests.catalogue.web.player import Player, Reply, playing
from tests.cli.conftest import call_real, free_port, read_until, running, stop

SECRET = "right"

SETTINGS = """
port = {port}
workers = 1
state_folder = "kept"
disabled_types = ["sleep"]
allowed_networks = ["127.0.0.1/32"]
weather_url = "{url}"
weather_places_url = "{url}"
exchange_rate_url = "{url}/v1"
github_url = "{url}"
quote_url = "{url}/api/random"
quote_rate = 6000
smtp_host = "127.0.0.1"
smtp_port = {smtp}
smtp_security = "none"
smtp_user = "mill"
smtp_password_file = "smtp.secret"
"""


class Town(NamedTuple):
    """A mill, and the servers that its task types talk to."""

    folder: Path
    process: "subprocess.Popen[str]"
    http: httpx.Client
    player: Player
    post: Post


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder, port = tmp_path_factory.mktemp("town"), free_port()
    with playing() as player, post_office(login=True, plain=True) as post:
        _stock(player)
        (folder / "taskmill.toml").write_text(SETTINGS.format(port=port, url=player.url, smtp=post.port))
        (folder / "smtp.secret").write_text(f"{SECRET}\n")
        (folder / "files").mkdir()
        (folder / "files" / "your_file.txt").write_text("one two\nthree\n")
        with running("up", cwd=folder) as process, httpx.Client(base_url=f"http://127.0.0.1:{port}/api") as http:
            read_until(process, "Ctrl-C")
            yield Town(folder, process, http, player, post)
            assert SECRET not in stop(process, signal.SIGTERM).split()


def _stock(player: Player) -> None:
    player.play("/v1/search", Reply(200, recorded.PLACES))
    player.play("/v1/forecast", Reply(200, recorded.FORECAST))
    player.play("/v1/latest", Reply(200, recorded.RATES))
    player.play("/repos/python/cpython", Reply(200, recorded.REPOSITORY))
    player.play("/repos/python/cpython/releases/latest", Reply(200, recorded.RELEASE))
    player.play("/api/random", Reply(200, recorded.ZEN))
    player.play("/page", Reply(200, "a page", {"Content-Type": "text/plain"}))


class Run(NamedTuple):
    parameters: dict[str, Any]
    found: Callable[[Any], Any]
    """What of the result is looked at."""
    expected: Any


RUNS = {
    "math": Run({"expression": "2 ** 0.5", "precision": 12}, lambda value: value, "1.41421356237"),
    "message": Run({"message": "hello"}, lambda value: value["message"], "hello"),
    "email_sending": Run(
        {"to": "recipient@example.com"},
        lambda value: (value["via"], value["accepted"]),
        ("smtp", ["recipient@example.com"]),
    ),
    "weather": Run({"place": "Berlin"}, lambda value: (value["temperature_c"], value["country"]), (21.4, "Germany")),
    "exchange_rate": Run({"to": "USD", "amount": 200}, lambda value: value["value"], 224.68),
    "github": Run({"repository": "python/cpython"}, lambda value: value["stars"], 65000),
    "quote": Run({}, lambda value: value["author"], "John Cage"),
    "http_request": Run({"url": "PAGE"}, lambda value: (value["status"], value["body"]), (200, "a page")),
    "data_processing": Run({"data": "your data"}, lambda value: bool(value), True),
    "file_processing": Run({"filename": "your_file.txt"}, lambda value: bool(value), True),
}


def parameters_of(name: str, town: Town) -> dict[str, Any]:
    page = town.player.url + "/page"
    return {key: page if value == "PAGE" else value for key, value in RUNS[name].parameters.items()}


def by_rest(name: str, town: Town) -> Any:
    body = {"task_type": name, "parameters": parameters_of(name, town)}
    made = town.http.post("/tasks", json=body)
    assert made.status_code == 201, made.text
    task = ended(town, made.json()["id"])
    assert task["state"] == "succeeded", task
    return task["result"]


def ended(town: Town, id: str) -> Any:
    town.http.get(f"/tasks/{id}/result", params={"wait": 20}, timeout=30)
    return town.http.get(f"/tasks/{id}").json()


def by_command(name: str, town: Town) -> Any:
    text = json.dumps(parameters_of(name, town))
    run = call_real("submit", "-T", name, "-P", text, "--json", cwd=town.folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout)["result"]


def by_python(name: str, town: Town) -> Any:
    try:
        return app.tasks[name].enqueue(**parameters_of(name, town)).result(timeout=30)
    finally:
        app.close()
        told.use(None)


@pytest.mark.parametrize("face", [by_rest, by_command, by_python])
@pytest.mark.parametrize("name", RUNS)
def test_each_type_through_each_face(
    name: str, face: Callable[[str, Town], Any], town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(town.folder)
    assert RUNS[name].found(face(name, town)) == RUNS[name].expected


def test_mail_of_each_face_arrived_with_the_password_of_the_file(town: Town) -> None:
    assert len(town.post.mails) == len({mail["Message-ID"] for mail in town.post.mails}) == 3
    assert set(town.post.logins) == {b"mill"}


def test_no_secret_is_in_a_command_line_or_shown(town: Town) -> None:
    processes = [psutil.Process(town.process.pid), *psutil.Process(town.process.pid).children(recursive=True)]
    assert len(processes) >= 3
    assert all(SECRET not in process.cmdline() for process in processes)
    shown = call_real("config", "check", cwd=town.folder, TASKMILL_SMTP_PASSWORD="open-secret")
    assert "open-secret" not in shown.stdout + shown.stderr
    assert "smtp_password\t***\tTASKMILL_SMTP_PASSWORD" in shown.stdout


def test_settings_reach_the_processes_of_attempts(town: Town) -> None:
    run = call_real(
        "submit", "-T", "simulation", "-P", '{"model": {"name": "pi"}, "samples": 20000}', "--json", cwd=town.folder
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert (town.folder / "kept").is_dir()
    assert not (town.folder / "state").exists()


def test_a_type_that_is_off_is_refused_by_each_face(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    says = "the task type 'sleep' is switched off"
    refused = town.http.post("/tasks", json={"task_type": "sleep", "parameters": {"seconds": 1}})
    assert refused.status_code == 422
    assert says in refused.text
    command = call_real("submit", "-T", "sleep", "-P", "1", cwd=town.folder)
    assert command.returncode == 2
    assert says in command.stderr
    monkeypatch.chdir(town.folder)
    with pytest.raises(Exception, match=says):
        app.tasks["sleep"].enqueue(1)
    told.use(None)
    names = [shown["name"] for shown in town.http.get("/task-types").json()["task_types"]]
    assert "math" in names
    assert "sleep" not in names


def test_hostile_parameters_are_refused_at_the_door_or_by_the_handler(town: Town) -> None:
    made = town.http.post(
        "/tasks", json={"task_type": "http_request", "parameters": {"url": "http://169.254.169.254/"}}
    )
    task = ended(town, made.json()["id"])
    assert (task["state"], task["attempt"]) == ("failed", 1)
    assert "169.254.169.254, which is not a public address" in task["error"]["message"]
    refused = town.http.post("/tasks", json={"task_type": "github", "parameters": {"repository": "../../user"}})
    assert refused.status_code == 422


def test_a_profile_serves_its_queue_alone(tmp_path: Path) -> None:
    with running("worker", "--profile", "email", cwd=tmp_path) as process:
        said = read_until(process, "Ctrl-C")
        assert "workers  1, for email" in said
        made = call_real("submit", "-T", "email_sending", "-P", "recipient@example.com", "--json", cwd=tmp_path)
        sent = json.loads(made.stdout)["result"]
        assert sent["via"] == "outbox"
        assert (tmp_path / "outbox" / f"{json.loads(made.stdout)['id']}.eml").exists()
        other = call_real("submit", "-T", "math", "-P", "1", "--wait-timeout", "500ms", cwd=tmp_path)
        assert other.returncode == 124
        [worker] = json.loads(call_real("workers", "--json", cwd=tmp_path).stdout)
        assert (worker["queues"], worker["slots"]) == (["email"], 8)
        stop(process, signal.SIGTERM)
