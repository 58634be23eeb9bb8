"""Many drafts in one call, each stored or refused for itself."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from taskmill.core import limits, times
from taskmill.core.errors import StoreError, TaskmillError
from taskmill.core.task import Task
from taskmill.engine.client.enqueue import Enqueued
from taskmill.service import present, views
from taskmill.service.admission import admit, existing, id_for, is_timed
from taskmill.service.aside import Aside
from taskmill.service.task_types import TaskTypeCache
from taskmill.stores.contract import Store

CHUNK = 500
"""Drafts that are stored at a time, so that a big batch does not hold up the other callers."""
AT_A_TIME = 0.01
"""Seconds for which drafts are read before other callers of the event loop are served."""

T = TypeVar("T")


class BatchOutcome(NamedTuple):
    """What came of each draft, in their order: the task, or why it was refused."""

    results: list[views.Created | TaskmillError]
    created: int
    existing: int
    """Were there already, by id, key or Idempotency-Key."""
    refused: int


class Intake:
    """Takes in batches."""

    def __init__(
        self,
        store: Store,
        enqueue: Callable[[Sequence[Task]], Awaitable[list[Enqueued]]],
        task_types: TaskTypeCache,
        aside: Aside,
    ) -> None:
        self._store = store
        self._enqueue = enqueue
        self._task_types = task_types
        self._aside = aside

    async def take_in(
        self,
        items: Sequence[T],
        read: Callable[[T], Awaitable[views.Draft]],
        idempotency_key: str | None,
        origin: Mapping[str, str] | None,
    ) -> BatchOutcome:
        """`read` makes the draft of an item, or raises a TaskmillError that refuses it.

        The first problems of the batch are explained; of the rest it is only said that they are refused.
        """
        results: list[views.Created | TaskmillError] = []
        explain = limits.PROBLEMS
        for first in range(0, len(items), CHUNK):
            outcomes: list[TaskmillError | None] = []
            admitted: list[tuple[views.Draft, str | None, Task]] = []
            since = time.monotonic()
            store_time: int | None = None
            for index, item in enumerate(items[first : first + CHUNK], first):
                if time.monotonic() - since > AT_A_TIME:
                    await self._aside.let_others()
                    since = time.monotonic()
                id = id_for(idempotency_key, index)
                try:
                    draft = await read(item)
                    if store_time is None and is_timed(draft):
                        store_time = await self._store.clock()
                    created_at = store_time if store_time is not None else times.now()
                    task = await admit(draft, self._task_types, self._aside, created_at, id, explain > 0, origin)
                except StoreError:
                    raise
                except TaskmillError as refused:
                    refused.__traceback__ = refused.__context__ = None  # whose frames hold what was sent
                    outcomes.append(refused)
                    explain -= len(refused.problems) or 1
                else:
                    outcomes.append(None)
                    admitted.append((draft, id, task))
            made = iter(await self._stored(admitted))
            results += [next(made) if outcome is None else outcome for outcome in outcomes]
        refused_count = sum(isinstance(result, TaskmillError) for result in results)
        created = sum(isinstance(result, views.Created) and result.created for result in results)
        return BatchOutcome(results, created, len(results) - created - refused_count, refused_count)

    async def _stored(
        self, admitted: Sequence[tuple[views.Draft, str | None, Task]]
    ) -> list[views.Created | TaskmillError]:
        enqueued = await self._enqueue([task for _, _, task in admitted])
        there = await self._store.get([each.id for each in enqueued if not each.created])
        made: list[views.Created | TaskmillError] = []
        for (draft, id, task), each in zip(admitted, enqueued, strict=True):
            try:
                made.append(present.created_view(task, True) if each.created else existing(draft, id, each.id, there))
            except TaskmillError as refused:
                made.append(refused)
        return made
