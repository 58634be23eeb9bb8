"""What people do to tasks: cancel, retry, delete; by id, or everything that matches a filter."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from taskmill.core import machine
from taskmill.core.errors import IllegalTransition
from taskmill.core.state import FINAL, State
from taskmill.core.task import Decision, Head, Spec, Task, success_of
from taskmill.engine.notifier import Notifier
from taskmill.stores.contract import Store, TaskFilter

PAGE = 500
"""Tasks that are found, and decided on, at once."""
ROUNDS = 5
"""How often a decision is made anew at most, because the task has changed meanwhile."""
END_OF_TIME = 2**63 - 1


class Verdict(NamedTuple):
    id: str
    done: bool
    state: State | None
    reason: str = ""
    """Why not: `not_found`, or a sentence."""


async def cancel(notifier: Notifier, ids: Sequence[str]) -> list[Verdict]:
    """A task that is not running is cancelled at once; a running one is asked to stop (done, state running)."""
    now = await notifier.store.clock()
    return await _decide(notifier, ids, lambda task: _cancelled(task.head, now))


async def retry(notifier: Notifier, ids: Sequence[str]) -> list[Verdict]:
    """Run final (or scheduled) tasks again now, with all their attempts."""
    now = await notifier.store.clock()
    return await _decide(notifier, ids, lambda task: machine.retry(task.spec, task.head, now))


async def delete(notifier: Notifier, ids: Sequence[str]) -> list[Verdict]:
    """Delete final tasks with their history."""
    store = notifier.store
    tasks = await store.get(ids)
    final = [id for id in ids if id in tasks and tasks[id].head.state in FINAL]
    await store.purge(len(final), states=FINAL, before=END_OF_TIME, ids=final)
    left = await store.get(final)
    return [_deletion(id, tasks.get(id), id in left) for id in ids]


async def remove(notifier: Notifier, ids: Sequence[str]) -> list[Verdict]:
    """Delete tasks that are not running; those that wait are cancelled first."""
    now = await notifier.store.clock()
    verdicts = await _decide(notifier, ids, lambda task: _ended(task.head, now))
    deleted = iter(await delete(notifier, [verdict.id for verdict in verdicts if verdict.done]))
    return [next(deleted) if verdict.done else verdict for verdict in verdicts]


async def matching(store: Store, where: TaskFilter, limit: int) -> AsyncIterator[list[str]]:
    """Ids of the tasks that match, page by page, `limit` in all at most."""
    cursor: str | None = None
    while limit > 0:
        page = await store.find(where, min(PAGE, limit), cursor)
        if page.tasks:
            yield [task.spec.id for task in page.tasks]
        limit -= len(page.tasks)
        cursor = page.cursor
        if cursor is None:
            return


def _cancelled(head: Head, now: int) -> Head:
    """Asking twice is asking once."""
    return head if head.cancel else machine.cancel(head, now)


def _ended(head: Head, now: int) -> Head:
    if head.state is State.RUNNING:
        raise IllegalTransition("a running task cannot be deleted; cancel it first")
    return head if head.state in FINAL else machine.cancel(head, now)


async def _decide(notifier: Notifier, ids: Sequence[str], decide: Callable[[Task], Head]) -> list[Verdict]:
    verdicts: dict[str, Verdict] = {}
    pending = list(dict.fromkeys(ids))
    for _ in range(ROUNDS):
        if not pending:
            break
        pending = await _round(notifier, pending, decide, verdicts)
    for id in pending:
        verdicts[id] = Verdict(id, False, None, "the task keeps changing, or another task holds its key")
    return [verdicts[id] for id in ids]


async def _round(
    notifier: Notifier, ids: list[str], decide: Callable[[Task], Head], verdicts: dict[str, Verdict]
) -> list[str]:
    """Returns the ids whose head moved on meanwhile."""
    tasks = await notifier.store.get(ids)
    changed: dict[str, tuple[Spec, Head]] = {}
    for id in ids:
        task = tasks.get(id)
        verdicts[id] = _judge(id, task, decide)
        if task is not None and verdicts[id].done and (head := decide(task)) is not task.head:
            changed[id] = task.spec, head
    # A success that is left for a new attempt is put on record, unless it is there already.
    decisions = [Decision(id, head, success_of(tasks[id])) for id, (_, head) in changed.items()]
    stale = await notifier.store.save(decisions)
    notifier.changed([change for id, change in changed.items() if id not in stale])
    return stale


def _judge(id: str, task: Task | None, decide: Callable[[Task], Head]) -> Verdict:
    if task is None:
        return Verdict(id, False, None, "not_found")
    try:
        return Verdict(id, True, decide(task).state)
    except IllegalTransition as refused:
        return Verdict(id, False, task.head.state, str(refused))


def _deletion(id: str, task: Task | None, left: bool) -> Verdict:
    if task is None:
        return Verdict(id, False, None, "not_found")
    if task.head.state not in FINAL:
        return Verdict(id, False, task.head.state, f"a {task.head.state} task cannot be deleted; cancel it first")
    return Verdict(id, not left, task.head.state, "the task was retried meanwhile" if left else "")
