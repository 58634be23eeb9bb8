"""The heavy task types with a real server and a real worker: on a gigabyte, cancelled midway, killed midway."""

import csv
import gzip
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from taskmill import App
from taskmill.catalogue import app, settings
from taskmill.catalogue.simulation import simulation
from tests.catalogue.context import RecordingContext
from tests.chaos.running import until
from tests.cli.conftest import call_real, free_port, read_until, running

pytestmark = pytest.mark.slow

GIGABYTE = 10**9
LIMIT = 10**9
"""Bytes of memory of all processes together."""


class Catalogue(NamedTuple):
    files: Path
    http: httpx.Client
    process: psutil.Process

    def enqueue(self, task_type: str, **parameters: Any) -> str:
        reply = self.http.post("/api/tasks", json={"task_type": task_type, "parameters": parameters})
        assert reply.status_code == 201, reply.text
        id: str = reply.json()["id"]
        return id

    def look(self, id: str) -> dict[str, Any]:
        task: dict[str, Any] = self.http.get(f"/api/tasks/{id}").json()
        return task

    def ended(self, id: str) -> dict[str, Any]:
        until(lambda: self.look(id)["state"] in ("succeeded", "failed", "cancelled"), 60, f"{id} is final")
        return self.look(id)

    def result(self, task_type: str, **parameters: Any) -> Any:
        task = self.ended(self.enqueue(task_type, **parameters))
        assert task["state"] == "succeeded", task
        return task["result"]

    def reach(self, id: str, fraction: float) -> None:
        """Wait until the task is so far."""
        until(
            lambda: ((self.look(id)["progress"] or {}).get("fraction") or 0) >= fraction, 60, f"{id} is at {fraction}"
        )

    def attempts(self, id: str) -> list[dict[str, Any]]:
        ended: list[dict[str, Any]] = self.http.get(f"/api/tasks/{id}/attempts").json()["attempts"]
        return ended

    def kill_attempts(self) -> None:
        """Every process in which attempts run, or may run."""
        for process in self.process.children(recursive=True):
            if "taskmill.supervisor.attempts" in process.cmdline():
                process.kill()


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    directory = tmp_path_factory.mktemp("mill")
    (directory / "files").mkdir()
    port = free_port()
    with running("up", "--port", str(port), "--workers", "1", cwd=directory) as process:
        read_until(process, "Ctrl-C")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            yield Catalogue(directory / "files", http, psutil.Process(process.pid))


@pytest.fixture(scope="module")
def gigabyte(mill: Catalogue) -> Iterator[tuple[Path, int]]:
    """A CSV file of a gigabyte, and how many rows it has."""
    path = mill.files / "gigabyte.csv"
    lines = [
        f"{n},region {n % 7},{n % 1000}.25,{n % 10},some words that fill the line {n % 97}\n" for n in range(50_000)
    ]
    block, blocks = "".join(lines).encode(), 0
    with path.open("wb") as file:
        file.write(b"id,region,price,quantity,note\n")
        while file.tell() < GIGABYTE:
            file.write(block)
            blocks += 1
    yield path, blocks * len(lines)
    path.unlink()


class Peak:
    """The most memory that a program and all its children had at once, in bytes."""

    def __init__(self, process: psutil.Process) -> None:
        self.bytes = 0
        self._process = process
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.05):
            self.bytes = max(self.bytes, sum(_resident(p) for p in [self._process, *self._process.children(True)]))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


SORT = {"do": "sort", "by": [{"column": "price"}, {"column": "id", "descending": True}]}
TOTALS = [
    {"do": "filter", "where": "quantity > 0"},
    {"do": "derive", "column": "total", "expression": "price * quantity"},
    {
        "do": "group",
        "by": ["region"],
        "aggregates": [{"function": "sum", "column": "total"}, {"function": "count", "name": "rows"}],
    },
    {"do": "sort", "by": [{"column": "region"}]},
]


def test_a_gigabyte_in_bounded_memory(mill: Catalogue, gigabyte: tuple[Path, int]) -> None:
    path, count = gigabyte
    assert path.stat().st_size >= GIGABYTE
    with Peak(mill.process) as peak:
        id = mill.enqueue("data_processing", data={"file": path.name}, steps=TOTALS, output="totals.csv")
        mill.reach(id, 0.05)
        task = mill.ended(id)
        assert task["state"] == "succeeded", task
        shown = mill.result("data_processing", data={"file": path.name}, rows=1)
    assert shown["row_count"] == count
    expected: dict[str, list[float]] = {}
    for n in range(50_000):
        total = expected.setdefault(f"region {n % 7}", [0.0, 0])
        total[0] += (n % 1000 + 0.25) * (n % 10) * (count / 50_000)
        total[1] += (n % 10 > 0) * (count / 50_000)
    assert [row["region"] for row in task["result"]["rows"]] == sorted(expected)
    for row in task["result"]["rows"]:
        assert row["sum_total"] == pytest.approx(expected[row["region"]][0])
        assert row["rows"] == expected[row["region"]][1]
    with (mill.files / "totals.csv").open() as file:
        assert len(list(csv.reader(file))) == 8
    print(f"peak of all processes: {peak.bytes / 1e6:.0f} MB")
    assert peak.bytes < LIMIT


@pytest.mark.alone
@pytest.mark.parametrize("steps", [[SORT], [{"do": "filter", "where": "quantity > 1"}]], ids=["sort", "filter"])
def test_cancelled_in_the_middle_of_a_gigabyte(mill: Catalogue, gigabyte: tuple[Path, int], steps: list[Any]) -> None:
    before = sorted(os.listdir(mill.files))
    with Peak(mill.process) as peak:
        id = mill.enqueue("data_processing", data={"file": gigabyte[0].name}, steps=steps, output="cut.csv")
        mill.reach(id, 0.3)
        began = time.monotonic()
        assert mill.http.post(f"/api/tasks/{id}/cancel").status_code == 202
        task = mill.ended(id)
        took = time.monotonic() - began
    print(f"cancelled within {took:.2f} s; peak of all processes: {peak.bytes / 1e6:.0f} MB")
    assert task["state"] == "cancelled"
    assert took < 2.0
    assert sorted(os.listdir(mill.files)) == before
    assert os.listdir(mill.files.parent / "state" / "spill") == []
    assert peak.bytes < LIMIT


def test_a_killed_simulation_goes_on_and_gives_the_same(mill: Catalogue, roots: Path) -> None:
    model = {"name": "random_walk", "steps": 200, "dimensions": 3}
    id = mill.enqueue("simulation", model=model, samples=4_000_000, seed=11)
    mill.reach(id, 0.4)
    at = mill.look(id)["progress"]["fraction"]
    states = mill.files.parent / "state" / "simulation"
    until(lambda: (states / f"{id}.json").exists(), 20, "a state is kept")
    mill.kill_attempts()
    task = mill.ended(id)
    assert task["state"] == "succeeded", task
    lost, last = mill.attempts(id)
    assert (lost["outcome"], last["outcome"]) == ("worker_lost", "succeeded")
    [line] = [line["message"] for line in last["log"]]
    done = int(line.removeprefix("goes on after chunk ").split(" of ")[0])
    assert 0 < at * 80 - 25 < done < 80
    assert os.listdir(states) == []
    parameters = simulation.decode(json.dumps({"model": model, "samples": 4_000_000, "seed": 11}))
    whole = simulation(RecordingContext(), **parameters)
    assert task["result"]["estimate"] == whole.estimate
    assert (task["result"]["low"], task["result"]["high"]) == (whole.low, whole.high)


def test_a_killed_attempt_at_a_file_leaves_nothing_half_written(mill: Catalogue) -> None:
    (mill.files / "noise.bin").write_bytes(os.urandom(40_000_000))
    before = sorted(os.listdir(mill.files))
    id = mill.enqueue("file_processing", filename="noise.bin", operation={"kind": "compress", "format": "xz"})
    mill.reach(id, 0.1)
    assert sorted(os.listdir(mill.files)) == before
    mill.kill_attempts()
    until(lambda: len(mill.attempts(id)) == 1, 20, "it is given back")
    assert sorted(os.listdir(mill.files)) == before
    mill.http.post(f"/api/tasks/{id}/cancel")
    assert mill.ended(id)["state"] == "cancelled"
    assert sorted(os.listdir(mill.files)) == before
    (mill.files / "noise.bin").unlink()


def test_files_through_rest_commands_and_python(mill: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"one two\nthree\n"
    (mill.files / "your_file.txt").write_bytes(text)
    found = mill.result("file_processing", filename="your_file.txt")
    assert found["checksum"] == hashlib.sha256(text).hexdigest()
    assert (found["lines"], found["words"], found["encoding"]) == (2, 3, "ascii")
    asked = json.dumps({"filename": "your_file.txt", "operation": {"kind": "compress"}})
    run = call_real("submit", "-T", "file_processing", "-P", asked, cwd=mill.files.parent)
    assert json.loads(run.stdout)["made"][0]["filename"] == "your_file.txt.gz"
    assert gzip.decompress((mill.files / "your_file.txt.gz").read_bytes()) == text
    monkeypatch.chdir(mill.files.parent)
    settings.use(None)
    mine = App()
    made = mine.include(app.tasks["file_processing"]).enqueue("your_file.txt").result(timeout=20)
    assert (made.checksum, made.words) == (found["checksum"], 3)
    mine.close()


def test_a_report_of_what_just_ran(mill: Catalogue) -> None:
    mill.result("math", expression="1 + 1")
    made = mill.result("report", title="Today", output="today")
    assert [file["filename"] for file in made["files"]] == ["today.html", "today.pdf"]
    assert made["tasks"] >= 1
    page = (mill.files / "today.html").read_text()
    assert "<h1>Today</h1>" in page
    assert "<td>math</td>" in page
    assert (mill.files / "today.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("task_type", "parameters", "words"),
    [
        ("file_processing", {"filename": "../secret"}, "has a '..' in it"),
        ("data_processing", {"data": {"file": "../secret.csv"}}, "has a '..' in it"),
        ("data_processing", {"data": "a,b\n1,2\n", "steps": [{"do": "filter", "where": "c > 1"}]}, "no column 'c'"),
        ("report", {"output": "../report"}, "has a '..' in it"),
    ],
)
def test_what_cannot_be_done_is_not_tried_again(
    mill: Catalogue, task_type: str, parameters: dict[str, Any], words: str
) -> None:
    task = mill.ended(mill.enqueue(task_type, **parameters))
    assert (task["state"], task["attempt"]) == ("failed", 1)
    assert task["error"]["type"] == "Refusal"
    assert words in task["error"]["message"]


def test_each_type_has_a_queue_of_its_own(mill: Catalogue) -> None:
    types = {one["name"]: one["queue"] for one in mill.http.get("/api/task-types").json()["task_types"]}
    wanted = {"data_processing": "data", "file_processing": "files", "simulation": "compute", "report": "reports"}
    assert wanted.items() <= types.items()
