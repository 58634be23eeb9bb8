"""store/model: random histories, played to the store and to the memory store; every answer must be the same.

Snapshots of any age are decided on again, as zombies do. HYPOTHESIS_PROFILE or `settings` of the run may ask for more
than the few histories of every run.
"""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from taskmill.core import machine
from taskmill.core.errors import IllegalTransition
from taskmill.core.state import FINAL, State
from taskmill.core.task import Attempt, Decision, Head, Task
from taskmill.stores.contract import Beat, ClaimQuery, Store, TaskFilter
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import NOW, StoreCase, a_task

T = TypeVar("T")
Call = Callable[[Store], Coroutine[Any, Any, T]]

QUEUES = st.sampled_from(["a", "b"])
OWNERS = st.sampled_from(["w1", "w2"])
LIMITS = st.integers(0, 4)
PICKS = st.lists(st.integers(0, 999), max_size=4)
MOVES = st.sampled_from(["succeed", "fail", "give up", "snooze", "release", "lose", "cancel", "stop", "retry"])
WHERE = st.builds(
    TaskFilter,
    states=st.lists(st.sampled_from(State), max_size=3).map(tuple),
    queues=st.lists(QUEUES, max_size=1).map(tuple),
    priorities=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    key=st.sampled_from([None, None, "k1"]),
    tags=st.just(()),
    task_types=st.just(()),
    created_after=st.none() | st.integers(NOW - 3, NOW + 30),
    created_before=st.none(),
)
DRAFTS = st.fixed_dictionaries(
    {
        "id": st.integers(0, 15).map(lambda i: f"00000000-0000-7000-8000-{i:012}"),
        "queue": QUEUES,
        "priority": st.integers(1, 3),
        "key": st.sampled_from([None, None, None, "k1", "k2"]),
        "attempt_limit": st.integers(1, 3),
    }
)


def decide(move: str, task: Task, now: int) -> Head | None:
    spec, head = task
    moves: dict[str, Callable[[], Head]] = {
        "succeed": lambda: machine.succeed(head, "1", now),
        "fail": lambda: machine.fail(spec, head, "{}", now, 3),
        "give up": lambda: machine.fail(spec, head, "{}", now, 0, final=True),
        "snooze": lambda: machine.snooze(head, 2, now),
        "release": lambda: machine.release(head, now),
        "lose": lambda: machine.lose(head, "{}", now),
        "cancel": lambda: machine.cancel(head, now),
        "stop": lambda: machine.cancel(head, now, stopped=True),
        "retry": lambda: machine.retry(spec, head, now),
    }
    try:
        return moves[move]()
    except IllegalTransition:
        return None


class Histories(RuleBasedStateMachine):
    def __init__(self, make_store: Callable[[Path], Store]) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="taskmill-model-")
        self.runner = asyncio.Runner()
        self.stores = [MemoryStore(), make_store(Path(self.folder.name))]
        self.now = NOW
        self.seen: list[Task] = []
        self.same(lambda store: store.open())

    def teardown(self) -> None:
        self.same(lambda store: store.close())
        self.runner.close()
        self.folder.cleanup()

    def same(self, call: Call[T]) -> T:
        """Ask both; the answers must be equal."""
        expected, found = (self.runner.run(call(store)) for store in self.stores)
        assert found == expected, (found, expected)
        return expected

    @rule(drafts=st.lists(DRAFTS, min_size=1, max_size=4), delay=st.integers(-2, 3))
    def add(self, drafts: list[dict[str, Any]], delay: int) -> None:
        tasks = [a_task(now=self.now, run_at=self.now + delay, **draft) for draft in drafts]
        self.same(lambda store: store.add(tasks))
        self.seen += tasks

    @rule(owner=OWNERS, limit=LIMITS, queues=st.none() | st.lists(QUEUES), ready_for=st.integers(0, 3))
    def claim(self, owner: str, limit: int, queues: list[str] | None, ready_for: int) -> None:
        claims = self.same(
            lambda store: store.claim(owner, 5, ClaimQuery(limit, queues=queues, ready_for=ready_for), now=self.now)
        )
        self.seen += [Task(*claim) for claim in claims]

    @precondition(lambda self: self.seen)
    @rule(owner=OWNERS, limit=LIMITS, picks=PICKS)
    def claim_by_id(self, owner: str, limit: int, picks: list[int]) -> None:
        ids = [task.spec.id for task in self.picked(picks)]
        claims = self.same(lambda store: store.claim(owner, 5, ClaimQuery(limit, ids=ids), now=self.now))
        self.seen += [Task(*claim) for claim in claims]

    @rule(owner=OWNERS, limit=LIMITS, dead=st.lists(OWNERS, max_size=1))
    def reclaim(self, owner: str, limit: int, dead: list[str]) -> None:
        claims = self.same(lambda store: store.reclaim(owner, 5, limit, dead=dead, now=self.now))
        self.seen += [Task(*claim) for claim in claims]

    @precondition(lambda self: self.seen)
    @rule(owner=OWNERS, picks=PICKS, progress=st.sampled_from([None, "{}"]))
    def extend(self, owner: str, picks: list[int], progress: str | None) -> None:
        beats = [Beat(task.spec.id, task.head.version, progress) for task in self.picked(picks)]
        self.same(lambda store: store.extend(owner, beats, 5, now=self.now))

    @precondition(lambda self: self.seen)
    @rule(picks=PICKS, move=MOVES, kept=st.booleans())
    def save(self, picks: list[int], move: str, kept: bool) -> None:
        decisions = self.decisions(picks, move, kept)
        stale = self.same(lambda store: store.save(decisions))
        saved = [decision.id for decision in decisions if decision.id not in stale]
        self.seen += self.same(lambda store: store.get(saved)).values()

    @precondition(lambda self: self.seen)
    @rule(picks=PICKS, move=MOVES, owner=OWNERS, limit=LIMITS)
    def turn(self, picks: list[int], move: str, owner: str, limit: int) -> None:
        decisions = self.decisions(picks, move, True)
        _, claims = self.same(lambda store: store.turn(owner, decisions, 5, ClaimQuery(limit), now=self.now))
        self.seen += [Task(*claim) for claim in claims]

    @rule(limit=LIMITS)
    def promote(self, limit: int) -> None:
        self.same(lambda store: store.promote(limit, now=self.now))

    @rule(states=st.lists(st.sampled_from(State)), age=st.integers(-1, 3))
    def purge(self, states: list[State], age: int) -> None:
        self.same(lambda store: store.purge(99, states=states, before=self.now - age))

    @rule(queue=QUEUES, paused=st.booleans())
    def pause(self, queue: str, paused: bool) -> None:
        self.same(lambda store: store.pause(queue, paused))

    @rule(by=st.integers(1, 4))
    def time_goes_by(self, by: int) -> None:
        self.now += by

    @rule(where=WHERE, limit=st.integers(1, 5))
    def look(self, where: TaskFilter, limit: int) -> None:
        self.same(lambda store: store.count(where, limit))
        self.same(lambda store: _two_pages(store, where, limit))

    @invariant()
    def all_is_the_same(self) -> None:
        page = self.same(lambda store: _tasks(store))
        self.same(lambda store: store.stats())
        self.same(lambda store: store.queues())
        for task in page:
            self.same(lambda store, id=task.spec.id: store.attempts(id))  # type: ignore[misc]
            _check(task.head)

    def picked(self, picks: list[int]) -> list[Task]:
        """Snapshots of any age, each task once."""
        chosen = [self.seen[-1 - pick % len(self.seen)] for pick in picks]
        return list({task.spec.id: task for task in chosen}.values())

    def decisions(self, picks: list[int], move: str, kept: bool) -> list[Decision]:
        heads = [(task, decide(move, task, self.now)) for task in self.picked(picks)]
        return [Decision(t.spec.id, head, _attempt(t, head) if kept else None) for t, head in heads if head]


def _attempt(task: Task, head: Head) -> Attempt:
    return Attempt(task.spec.id, head.version, task.head.attempt, None, None, NOW, "ended", None, None)


def _check(head: Head) -> None:
    assert (head.state is State.RUNNING) == (head.lease_until is not None)
    assert (head.state in (State.RUNNING, State.SUCCEEDED)) == (head.lease_owner is not None)
    assert (head.state in FINAL) == (head.finished_at is not None)
    assert not (head.state in FINAL and head.hold)


async def _tasks(store: Store) -> list[Task]:
    return (await store.find(TaskFilter(), 99)).tasks


async def _two_pages(store: Store, where: TaskFilter, limit: int) -> list[list[Task]]:
    first = await store.find(where, limit)
    second = await store.find(where, limit, first.cursor) if first.cursor else None
    return [first.tasks, second.tasks if second else []]


class RandomHistories(StoreCase):
    model_settings = settings(
        max_examples=30,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )

    def test_random_histories(self) -> None:
        histories = partial(Histories, self.make_store)
        run_state_machine_as_test(histories, settings=self.model_settings)  # type: ignore[arg-type]
