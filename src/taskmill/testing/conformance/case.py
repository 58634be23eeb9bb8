"""The ground of the suites: a fresh store for each test, and tasks to put into it."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from taskmill.core import machine
from taskmill.core.state import State
from taskmill.core.task import Attempt, Claim, Decision, Head, Spec, Task
from taskmill.stores.contract import ClaimQuery, Store
from taskmill.testing.conformance.loops import LoopCase
from taskmill.testing.conformance.loops import scenario as scenario

NOW = 1_700_000_000_000_001
"""The time at which scenarios play, so that none depends on a clock."""
LEASE = 1_000


class StoreCase(LoopCase):
    def make_store(self, folder: Path) -> Store:
        """A store without tasks, not open yet."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path, runner: asyncio.Runner) -> Iterator[Store]:
        store = self.make_store(tmp_path)
        runner.run(store.open())
        yield store
        runner.run(store.close())


def a_task(*, run_at: int | None = None, now: int = NOW, waiting: bool = False, **fields: Any) -> Task:
    """A new task; `fields` are those of Spec. `tags` may be a list."""
    if isinstance(fields.get("tags"), list):
        fields["tags"] = json.dumps(fields["tags"])
    spec = Spec(
        id=str(uuid4()),
        task_type="sum",
        queue="default",
        parameters='{"a": 1}',
        priority=2,
        attempt_limit=4,
        retry=None,
        timeout=None,
        key=None,
        tags=None,
        created_at=now,
    )._replace(**fields)
    return Task(spec, machine.create(spec, now, run_at, waiting=waiting))


async def added(store: Store, *tasks: Task) -> list[Task]:
    assert await store.add(tasks) == {}
    return list(tasks)


async def claimed(store: Store, *tasks: Task, owner: str = "w1", now: int = NOW) -> list[Claim]:
    """Add these and claim exactly them."""
    await added(store, *tasks)
    claims = await store.claim(owner, LEASE, ClaimQuery(len(tasks), ids=[task.spec.id for task in tasks]), now=now)
    assert {claim.spec.id for claim in claims} == {task.spec.id for task in tasks}
    return claims


async def read(store: Store, id: str) -> Head:
    return (await store.get([id]))[id].head


def decided(of: Task | Claim, head: Head, *, kept: bool = False) -> Decision:
    """`kept`: with the record of an attempt."""
    attempt = Attempt(of.spec.id, head.version, of.head.attempt, "w1", NOW, NOW + 1, "succeeded", None, None)
    return Decision(of.spec.id, head, attempt if kept else None)


def succeeded(claim: Task | Claim, *, kept: bool = False) -> Decision:
    return decided(claim, machine.succeed(claim.head, "3", NOW + 1), kept=kept)


async def bring(store: Store, state: State, **fields: Any) -> Task:
    """A stored task in this state, led there as real ones are."""
    if state is State.WAITING:
        return (await added(store, a_task(waiting=True, **fields)))[0]
    if state is State.SCHEDULED:
        return (await added(store, a_task(run_at=NOW + 10 * LEASE, **fields)))[0]
    if state is State.READY:
        return (await added(store, a_task(**fields)))[0]
    claim = (await claimed(store, a_task(**fields)))[0]
    if state is not State.RUNNING:
        assert await store.save([decided(claim, _ended(claim, state))]) == []
    return (await store.get([claim.spec.id]))[claim.spec.id]


def _ended(claim: Claim, state: State) -> Head:
    if state is State.SUCCEEDED:
        return machine.succeed(claim.head, "3", NOW + 1)
    if state is State.FAILED:
        return machine.fail(claim.spec, claim.head, "{}", NOW + 1, 0, final=True)
    assert state is State.CANCELLED, f"say here how a task becomes {state}"
    return machine.cancel(claim.head, NOW + 1, stopped=True)
