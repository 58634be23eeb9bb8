"""Task types of the catalogue on a real mill, through REST, the command line and Python, each on real input."""

import hashlib
import json
import math
import shlex
import signal
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
import psutil
import pytest

from taskmill import App
from taskmill.catalogue import app
from taskmill.catalogue import settings as told
from tests.catalogue.installation import KEY, SECRET, Installation, running_installation
from tests.catalogue.web.player import Reply
from tests.cli.conftest import call_real, read_until, running, stop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running_installation(tmp_path_factory.mktemp("installation")) as installation:
        yield installation


class Run(NamedTuple):
    parameters: dict[str, Any]
    found: Callable[[Any], Any]
    """What of the result is looked at."""
    expected: Any


TOTALS = {"do": "group", "by": ["region"], "aggregates": [{"function": "sum", "column": "price"}]}
BY_REGION = {"do": "sort", "by": [{"column": "region"}]}
RUNS = {
    "math": Run({"expression": "2 ** 0.5", "digits": 12}, lambda value: value, "1.41421356237"),
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
    "data_processing": Run(
        {"data": {"file": "sales.csv"}, "steps": [TOTALS, BY_REGION], "output": "totals.csv"},
        lambda value: (plain(value)["rows"], plain(value)["output"]["bytes"]),
        ([{"region": "north", "sum_price": 5.5}, {"region": "south", "sum_price": 10.0}], 38),
    ),
    "file_processing": Run(
        {"filename": "your_file.txt"},
        lambda value: (plain(value)["checksum"], plain(value)["lines"], plain(value)["words"]),
        (hashlib.sha256(b"one two\nthree\n").hexdigest(), 2, 3),
    ),
    "report": Run(
        {"title": "Today", "output": "today"},
        lambda value: [made["filename"] for made in plain(value)["files"] if made["bytes"] > 1000],
        ["today.html", "today.pdf"],
    ),
    "simulation": Run(
        {"model": {"name": "pi"}, "samples": 200_000, "seed": 42},
        lambda value: abs(plain(value)["estimate"] - math.pi) < 0.02,
        True,
    ),
}


def plain(value: Any) -> Any:
    """As JSON has it, also where Python has an object."""
    return msgspec.to_builtins(value)


def parameters_of(name: str, installation: Installation) -> dict[str, Any]:
    page = installation.player.url + "/page"
    return {key: page if value == "PAGE" else value for key, value in RUNS[name].parameters.items()}


def by_rest(name: str, installation: Installation) -> Any:
    body = {"task_type": name, "parameters": parameters_of(name, installation)}
    made = installation.http.post("/tasks", json=body)
    assert made.status_code == 201, made.text
    task = ended(installation, made.json()["id"])
    assert task["state"] == "succeeded", task
    return task["result"]


def ended(installation: Installation, id: str) -> Any:
    installation.http.get(f"/tasks/{id}/result", params={"wait": 20}, timeout=30)
    return installation.http.get(f"/tasks/{id}").json()


def by_command(name: str, installation: Installation) -> Any:
    text = json.dumps(parameters_of(name, installation))
    run = call_real("submit", "-T", name, "-P", text, "--json", cwd=installation.folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout)["result"]


def by_python(name: str, installation: Installation) -> Any:
    mine = App()  # of the installation's folder, which is the working directory
    try:
        return mine.include(app.tasks[name]).enqueue(**parameters_of(name, installation)).result(timeout=30)
    finally:
        mine.close()
        told.use(None)


@pytest.mark.parametrize("face", [by_rest, by_command, by_python])
@pytest.mark.parametrize("name", RUNS)
def test_each_type_through_each_face(
    name: str, face: Callable[[str, Installation], Any], installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(installation.folder)
    assert RUNS[name].found(face(name, installation)) == RUNS[name].expected


@pytest.mark.parametrize("name", sorted(RUNS.keys() - {"http_request"}))
def test_the_example_that_is_shown_works_as_pasted(name: str, installation: Installation) -> None:
    """All but that of `http_request`, which asks a public server."""
    shown = call_real("types", "show", name, cwd=installation.folder).stdout
    command = shlex.split(shown.splitlines()[-1])
    assert command[:4] == ["taskmill", "submit", "-T", name]
    run = call_real(*command[1:], cwd=installation.folder)
    assert run.returncode == 0, run.stdout + run.stderr


SHORT_FORMS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"task_type": "data_processing", "parameters": {"data": "your data"}},
        {"kind": "text", "words": 2, "characters": 9, "bytes": 9},
    ),
    (
        {"task_type": "email_sending", "parameters": {"to": "recipient@example.com"}},
        {"accepted": ["recipient@example.com"]},
    ),
    (
        {"task_type": "file_processing", "parameters": {"filename": "your_file.txt"}},
        {"bytes": 14, "lines": 2, "words": 3, "algorithm": "sha256"},
    ),
    (
        {"task_type": "data_processing", "priority": "high", "parameters": {"data": "test data"}, "delay": 0},
        {"kind": "text", "words": 2},
    ),
]


@pytest.mark.parametrize(("body", "expected"), SHORT_FORMS)
def test_the_short_forms_as_written(body: dict[str, Any], expected: dict[str, Any], installation: Installation) -> None:
    made = installation.http.post("/tasks", json=body)
    assert made.status_code == 201, made.text
    assert expected.items() <= ended(installation, made.json()["id"])["result"].items()


def test_a_table_that_was_uploaded(installation: Installation) -> None:
    put = installation.http.put("/uploads/more sales.csv", content=b"region,price\neast,7\n")
    assert put.status_code == 201, put.text
    body = {"task_type": "data_processing", "parameters": {"data": {"file": put.json()["path"]}}}
    made = installation.http.post("/tasks", json=body).json()
    assert ended(installation, made["id"])["result"]["rows"] == [{"region": "east", "price": 7}]


def test_a_busy_server_is_asked_again_after_the_time_that_it_names(installation: Installation) -> None:
    url = installation.player.play("/busy", Reply(429, "", {"Retry-After": "1"}), Reply(200, "at last"))
    made = installation.http.post("/tasks", json={"task_type": "http_request", "parameters": {"url": url}}).json()
    task = ended(installation, made["id"])
    assert (task["state"], task["attempt"], task["result"]["body"]) == ("succeeded", 2, "at last")
    first, _ = installation.http.get(f"/tasks/{made['id']}/attempts").json()["attempts"]
    assert first["outcome"] == "retry"


def test_mail_arrives_once_with_the_password_of_the_file(installation: Installation) -> None:
    by_rest("email_sending", installation)
    assert len(installation.mail_server.mails) == len({mail["Message-ID"] for mail in installation.mail_server.mails})
    assert set(installation.mail_server.logins) == {b"mill"}


def test_no_secret_is_in_a_command_line_or_shown(installation: Installation) -> None:
    processes = [
        psutil.Process(installation.process.pid),
        *psutil.Process(installation.process.pid).children(recursive=True),
    ]
    assert len(processes) >= 3
    assert all(SECRET not in process.cmdline() for process in processes)
    shown = call_real("config", "check", cwd=installation.folder, TASKMILL_SMTP_PASSWORD="open-secret")
    assert "open-secret" not in shown.stdout + shown.stderr
    assert "smtp_password\t***\tTASKMILL_SMTP_PASSWORD" in shown.stdout


def test_no_key_reaches_the_store_or_a_client(installation: Installation) -> None:
    """The URLs of the weather have it: in log lines of the client, and in what a server says back."""
    player, asked = installation.player, list[str]()

    def echo(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        body = f"no such thing: {handler.path[-60:]}".encode()
        handler.send_response(400)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    by_rest("weather", installation)
    before, player.plays["/v1/forecast"] = player.plays["/v1/forecast"], [echo]
    made = installation.http.post("/tasks", json={"task_type": "weather", "parameters": {"place": "Bonn"}})
    task = ended(installation, made.json()["id"])
    player.plays["/v1/forecast"] = before
    attempts = installation.http.get(f"/tasks/{task['id']}/attempts")
    assert any(quote(KEY, safe="") in path for path in asked)
    assert (task["state"], attempts.json()["attempts"][0]["log"]) == ("failed", None)
    assert "no such thing" in task["error"]["message"]
    assert "apikey=***" in task["error"]["message"]
    stored = b"".join(path.read_bytes() for path in installation.folder.glob("*.db*"))
    assert b"apikey" in stored
    for form in (KEY, quote(KEY), quote(KEY, safe="")):
        assert form not in attempts.text + json.dumps(task)
        assert form.encode() not in stored


@pytest.mark.parametrize(("moment", "mails"), [("before_quit", 1), ("before_data", 2)])
def test_mail_when_the_worker_is_killed(installation: Installation, moment: str, mails: int) -> None:
    """After the server's answer, it is not sent again; before it, it is, and both have one Message-ID."""
    getattr(installation.mail_server, moment).append(lambda: kill_worker(installation))
    before = len(installation.mail_server.mails)
    body = {"task_type": "email_sending", "parameters": {"to": "recipient@example.com"}}
    id = installation.http.post("/tasks", json=body).json()["id"]
    task = ended(installation, id)
    assert (task["state"], task["result"]["accepted"]) == ("succeeded", ["recipient@example.com"])
    attempts = installation.http.get(f"/tasks/{id}/attempts").json()["attempts"]
    assert attempts[0]["outcome"] == "worker_lost"
    sent = [mail["Message-ID"] for mail in installation.mail_server.mails[before:]]
    assert sent == [f"<{id}@localhost>"] * mails


def kill_worker(installation: Installation) -> None:
    children = psutil.Process(installation.process.pid).children()
    [worker] = [child for child in children if "taskmill.supervisor.worker" in child.cmdline()]
    worker.kill()
    worker.wait(10)


def test_settings_reach_the_processes_of_attempts(installation: Installation) -> None:
    run = call_real(
        "submit",
        "-T",
        "simulation",
        "-P",
        '{"model": {"name": "pi"}, "samples": 20000}',
        "--json",
        cwd=installation.folder,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert (installation.folder / "kept").is_dir()
    assert not (installation.folder / "state").exists()


def test_a_type_that_is_off_is_refused_by_each_face(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = "the task type 'sleep' is switched off"
    refused = installation.http.post("/tasks", json={"task_type": "sleep", "parameters": {"seconds": 1}})
    assert refused.status_code == 422
    assert says in refused.text
    command = call_real("submit", "-T", "sleep", "-P", "1", cwd=installation.folder)
    assert command.returncode == 2
    assert says in command.stderr
    monkeypatch.chdir(installation.folder)
    with pytest.raises(Exception, match=says):
        app.tasks["sleep"].enqueue(1)
    told.use(None)
    names = [shown["name"] for shown in installation.http.get("/task-types").json()["task_types"]]
    assert "math" in names
    assert "sleep" not in names


def test_hostile_parameters_are_refused_at_the_door_or_by_the_handler(installation: Installation) -> None:
    made = installation.http.post(
        "/tasks", json={"task_type": "http_request", "parameters": {"url": "http://169.254.169.254/"}}
    )
    task = ended(installation, made.json()["id"])
    assert (task["state"], task["attempt"]) == ("failed", 1)
    assert "169.254.169.254 is not a public address" in task["error"]["message"]
    refused = installation.http.post("/tasks", json={"task_type": "github", "parameters": {"repository": "../../user"}})
    assert refused.status_code == 422


def test_a_profile_serves_its_queue_alone(tmp_path: Path) -> None:
    with running("worker", "--profile", "email", cwd=tmp_path) as process:
        said = read_until(process, "Ctrl-C")
        assert "workers  1, for email" in said
        assert "-T math" not in said
        made = call_real("submit", "-T", "email_sending", "-P", "recipient@example.com", "--json", cwd=tmp_path)
        sent = json.loads(made.stdout)["result"]
        assert sent["via"] == "outbox"
        assert (tmp_path / "outbox" / f"{json.loads(made.stdout)['id']}.eml").exists()
        other = call_real("submit", "-T", "math", "-P", "1", "--wait-timeout", "500ms", cwd=tmp_path)
        assert other.returncode == 124
        [worker] = json.loads(call_real("workers", "--json", cwd=tmp_path).stdout)
        assert (worker["queues"], worker["slots"]) == (["email"], 8)
        stop(process, signal.SIGTERM)
