"""A request that takes long to read holds up nobody else, and ends when its client leaves."""

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskmill.core.limits import PROBLEMS
from tests.chaos.running import until
from tests.faces.test_serve import Server, running

JSON = {"content-type": "application/json"}
MANY_STEPS = {"task_type": "data_processing", "parameters": {"data": "a", "steps": [{"do": "x"}] * 80_000}}
MANY_NAMES = {"task_type": "math", "parameters": {f"k{number}": 1 for number in range(45_000)}}
EMPTY_LISTS = b'{"task_type":"message","parameters":{"message":[' + b"[]," * 600_000 + b"1]}}"
LARGE = {
    "a field of 80 000 wrong items": ("/api/tasks", json.dumps(MANY_STEPS).encode()),
    "a batch of 38 with 45 000 unknown names each": (
        "/api/tasks/batch",
        json.dumps({"tasks": [MANY_NAMES] * 38}).encode(),
    ),
    "a batch of fifteen million": ("/api/tasks/batch", b'{"tasks":[' + b"1," * 15_000_000 + b"1]}"),
    "a batch of one, of 30 MB": ("/api/tasks/batch", b'{"tasks":[{"task_type":[' + b"[]," * 10_000_000 + b"1]}]}"),
    "600 000 lists": ("/api/tasks", EMPTY_LISTS),
}
MEMORY = 600_000
"""Kilobytes."""


@pytest.mark.parametrize("large", LARGE)
def test_others_are_answered_meanwhile(tmp_path: Path, large: str) -> None:
    path, body = LARGE[large]
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(httpx.post(f"{server.http.base_url}{path}", content=body, headers=JSON, timeout=60))

    with running(tmp_path / "tasks.db") as server:
        senders = [threading.Thread(target=send) for _ in range(3)]
        for sender in senders:
            sender.start()
        slowest = 0.0
        while any(sender.is_alive() for sender in senders):
            start = time.monotonic()
            assert server.http.get("/healthz").status_code == 200
            slowest = max(slowest, time.monotonic() - start)
        assert slowest < 1.0
        assert {answer.status_code for answer in answers} <= {207, 413, 422}
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        assert int(status.partition("VmHWM:")[2].split()[0]) < MEMORY


def test_a_batch_tells_the_first_problems_and_which_tasks_it_refused(tmp_path: Path) -> None:
    wrong = {"task_type": "math", "parameters": {"expression": 1, "expresion": 2, "precise": 3}}
    with running(tmp_path / "tasks.db") as server:
        answer = server.http.post("/api/tasks/batch", json={"tasks": [wrong] * 1000}).json()
    problems = [result["problem"] for result in answer["results"]]
    assert {problem["code"] for problem in problems} == {"invalid_parameters"}
    told = [problem for problem in problems if "errors" in problem]
    assert PROBLEMS <= sum(len(problem["errors"]) for problem in told) < PROBLEMS + 10
    assert "first 20 problems" in problems[-1]["hint"]


def test_a_refusal_says_that_there_may_be_more(tmp_path: Path) -> None:
    with running(tmp_path / "tasks.db") as server:
        answer = server.http.post("/api/tasks", json=MANY_NAMES).json()
    assert len(answer["errors"]) == PROBLEMS
    assert answer["hint"] == "these are the first 20 problems; there may be more"


def sent(server: Server, path: str, body: Any) -> socket.socket:
    """A connection on which a request was sent that nobody has answered yet."""
    content = json.dumps(body).encode()
    connection = socket.create_connection(("127.0.0.1", server.http.base_url.port or 0))
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return connection


def total(server: Server, state: str = "") -> int:
    stats = server.http.get("/api/stats").json()
    count: int = stats["states"].get(state, 0) if state else stats["total"]
    return count


def test_a_batch_ends_when_its_client_leaves(tmp_path: Path) -> None:
    tasks = [{"task_type": "message", "parameters": {"message": "x" * 3000}}] * 10_000
    with running(tmp_path / "tasks.db") as server:
        connection = sent(server, "/api/tasks/batch", {"tasks": tasks})
        until(lambda: total(server) > 0, 30, "the first are stored")
        connection.close()
        assert settled(lambda: total(server)) < 10_000


def test_a_bulk_action_ends_when_its_client_leaves(tmp_path: Path) -> None:
    tasks = {"tasks": [{"task_type": "message", "parameters": {"message": "x"}}] * 10_000}
    with running(tmp_path / "tasks.db") as server:
        for _ in range(3):
            assert server.http.post("/api/tasks/batch", json=tasks).status_code == 200
        connection = sent(server, "/api/tasks/cancel", {"all": True})
        until(lambda: total(server, "cancelled") > 0, 30, "the first are cancelled")
        connection.close()
        assert settled(lambda: total(server, "cancelled")) < 30_000


def settled(count: Callable[[], int]) -> int:
    """The count once it changes no more."""
    before = -1
    while (now := count()) != before:
        before = now
        time.sleep(0.3)
    return now
