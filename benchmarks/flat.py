"""Does the cost of the hot verbs grow with the backlog or with the history?

Three files are measured in turns, so that a machine whose speed drifts drifts for all: a thousand tasks waiting,
a million waiting, a thousand waiting beside a million finished. Figures are medians over the rounds, in µs per task
(list: per call).
"""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskmill.core import machine
from taskmill.core.ids import uuid7
from taskmill.core.state import State
from taskmill.core.task import Decision, Head, Spec, Task
from taskmill.sdk.sync import run
from taskmill.stores.contract import ClaimQuery, Store, TaskFilter
from taskmill.stores.open import open_store

MILLION = 1_000_000
ROUNDS = 40
BATCH = 100
LEASE = 60_000_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="taskmill-flat-") as directory:
        stores = {
            "1 000 waiting": _filled(Path(directory) / "small.db", 1_000, 0),
            "1 000 000 waiting": _filled(Path(directory) / "backlog.db", MILLION, 0),
            "1 000 000 finished": _filled(Path(directory) / "history.db", 1_000, MILLION),
        }
        figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(ROUNDS):
            for name, store in stores.items():
                for verb, seconds in _round(store):
                    figures[verb][name].append(seconds * 1e6)
        for store in stores.values():
            run(store.close())
    show(figures, list(stores))


def _round(store: Store) -> Iterator[tuple[str, float]]:
    """Each round leaves as many tasks waiting as it found."""
    tasks = [a_task() for _ in range(BATCH)]
    with _timed() as added:
        run(store.add(tasks))
    yield f"add x{BATCH}", added[0] / BATCH
    with _timed() as claimed:
        claims = run(store.claim("bench", LEASE, ClaimQuery(BATCH)))
    yield f"claim x{BATCH}", claimed[0] / BATCH
    now = claims[0].head.started_at or 0
    decisions = [Decision(spec.id, machine.succeed(head, '{"ok":true}', now)) for spec, head in claims]
    with _timed() as saved:
        run(store.save(decisions))
    yield f"save x{BATCH}", saved[0] / BATCH
    for name, where in (("list", TaskFilter()), ("list ready", TaskFilter(states=(State.READY,)))):
        with _timed() as listed:
            run(store.find(where, 50))
        yield name, listed[0]


@contextmanager
def _timed() -> Iterator[list[float]]:
    seconds = [0.0]
    began = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - began


def a_task() -> Task:
    now = time.time_ns() // 1000
    parameters = '{"order":42,"to":"customer@example.org"}'
    spec = Spec(uuid7(), "send_receipt", "default", parameters, 2, 4, None, None, None, None, now)
    return Task(spec, machine.create(spec, now))


def _filled(path: Path, waiting: int, finished: int) -> Store:
    store = open_store(f"sqlite:///{path}", durability="process")
    run(store.open())
    for start in range(0, finished, 5_000):
        run(store.add([_finished(a_task()) for _ in range(min(5_000, finished - start))]))
    for start in range(0, waiting, 5_000):
        run(store.add([a_task() for _ in range(min(5_000, waiting - start))]))
    run(store.close())
    store = open_store(f"sqlite:///{path}")
    run(store.open())
    return store


def _finished(task: Task) -> Task:
    now = task.spec.created_at
    return Task(task.spec, Head(State.SUCCEEDED, 3, 1, now, result='{"ok":true}', started_at=now, finished_at=now))


def show(figures: dict[str, dict[str, list[float]]], names: list[str]) -> None:
    print("| verb | " + " | ".join(names) + " | worst ratio |")
    print("| --- |" + " --- |" * (len(names) + 1))
    for verb, by_name in figures.items():
        medians = [statistics.median(by_name[name]) for name in names]
        ratio = max(medians) / medians[0]
        print(f"| {verb} | " + " | ".join(f"{value:.1f}" for value in medians) + f" | {ratio:.2f} |")
