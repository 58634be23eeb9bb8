"""Copies all that one store keeps into another: safe to interrupt and to repeat, because the higher version stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from taskmill.core.errors import Conflict
from taskmill.core.state import FINAL
from taskmill.core.task import Attempt, Task
from taskmill.engine.live.why import is_alive
from taskmill.stores.contract import Export, Store

PAGE = 250
"""Tasks that are read, and written in one transaction."""


@dataclass(slots=True)
class Copied:
    """What has become of the tasks of the source so far."""

    seen: int = 0
    new: int = 0
    updated: int = 0
    there: int = 0
    """Found as they are, or further on."""
    left: int = 0
    """Unfinished, when only finished ones are wanted."""
    purged: int = 0
    """Finished so long ago that the target deleted them at once."""
    refused: list[str] = field(default_factory=list)
    """An unfinished task of the target holds their key."""


async def copy(
    source: Store, target: Store, *, finished: bool, tell: Callable[[Copied], None], page_size: int = PAGE
) -> Copied:
    """`finished`: only finished tasks, which is safe while workers serve the source.

    A running task comes with its lease, and is given back in the target when that runs out. `tell` hears of each page.
    Raises Conflict when workers serve the source, or tasks came to it meanwhile.
    """
    await _refuse_workers(source, finished)
    await _copy_registry(source, target)
    copied, page = Copied(), await source.export(page_size)
    while True:
        await _copy_page(page, source, target, finished, copied)
        tell(copied)
        if page.cursor is None:
            break
        page = await source.export(page_size, page.cursor)
    await _refuse_workers(source, finished)
    await _refuse_late(source, finished, copied)
    return copied


async def _refuse_workers(source: Store, finished: bool) -> None:
    """A task that has not ended must not run in both places."""
    now = await source.clock()
    alive = [row.id for row in await source.workers() if is_alive(row, now)]
    if alive and not finished:
        raise Conflict(
            f"{len(alive)} workers serve {source.location}, {alive[0]} among them: what they run would run twice",
            hint="stop them and wait 20 seconds; or copy only finished tasks for now, with --finished",
        )


async def _copy_registry(source: Store, target: Store) -> None:
    """A queue that is paused at the source is paused; else, what the target knows stays as it is there."""
    queues = {row.name for row in await target.queues()}
    for queue in await source.queues():
        if queue.paused or queue.name not in queues:
            await target.pause(queue.name, queue.paused)
    known = {row.name for row in await target.task_types()}
    await target.put_task_types([row for row in await source.task_types() if row.name not in known])


async def _copy_page(page: Export, source: Store, target: Store, finished: bool, copied: Copied) -> None:
    tasks = [task for task in page.tasks if not finished or task.head.state in FINAL]
    there = await target.get([task.spec.id for task in tasks])
    wanted = [task for task in tasks if _version(there, task) < task.head.version]
    refused = await target.restore(wanted, _of(wanted, page.attempts)) if wanted else []
    written = [task for task in wanted if task.spec.id not in refused]
    if numbers := await source.numbers([task.spec.id for task in tasks]):
        await target.put_numbers(numbers)
    copied.purged += await _verified(written, target)
    copied.seen += len(page.tasks)
    copied.left += len(page.tasks) - len(tasks)
    copied.there += len(tasks) - len(wanted)
    copied.updated += sum(task.spec.id in there for task in written)
    copied.new += sum(task.spec.id not in there for task in written)
    copied.refused += refused
    target.bell.ring("ready", {task.spec.queue for task in written})
    target.bell.ring("due", ())


async def _verified(written: Sequence[Task], target: Store) -> int:
    """All of them are there as they were, or further on; how many are purged already."""
    there = await target.get([task.spec.id for task in written])
    gone = [task for task in written if task.spec.id not in there]
    wrong = [task for task in gone if task.head.state not in FINAL]
    wrong += [task for task in written if task.spec.id in there and not _follows(there[task.spec.id], task)]
    if wrong:
        raise Conflict(
            f"task {wrong[0].spec.id} is not in {target.location} as it was written there", hint="copy again"
        )
    return len(gone)


def _follows(there: Task, task: Task) -> bool:
    return there.spec == task.spec and (there == task or there.head.version > task.head.version)


def _version(there: Mapping[str, Task], task: Task) -> int:
    return there[task.spec.id].head.version if task.spec.id in there else 0


def _of(tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[Attempt]:
    ids = {task.spec.id for task in tasks}
    return [attempt for attempt in attempts if attempt.task_id in ids]


async def _refuse_late(source: Store, finished: bool, copied: Copied) -> None:
    """Raises Conflict when tasks came to the source meanwhile."""
    total = sum((await source.stats()).states.values())
    if not finished and total != copied.seen:
        raise Conflict(
            f"{source.location} has {total} tasks now, and {copied.seen} were looked at: it changed meanwhile",
            hint="let nobody enqueue there any more, and copy again: what is copied is skipped",
        )
