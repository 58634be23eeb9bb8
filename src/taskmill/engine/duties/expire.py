"""Duty: tasks that have not started in time end as cancelled, with the code `expired`."""

from taskmill.core import machine
from taskmill.core.outcome import Failure
from taskmill.core.task import Decision, Task
from taskmill.core.times import iso
from taskmill.engine.notifier import Notifier

BATCH = 500


class Expire:
    name = "expire"
    wakes = False

    def __init__(self, notifier: Notifier, poll: float) -> None:
        self._notifier = notifier
        self._poll = poll

    async def step(self) -> float:
        """No claim starts them meanwhile, so that this may be a little late."""
        return 0.0 if await end_expired(self._notifier) == BATCH else self._poll


async def end_expired(notifier: Notifier, now: int | None = None) -> int:
    """`now`: for tests; else it is the store's. Returns how many were found."""
    store = notifier.store
    tasks = await store.expired(BATCH, now)
    if tasks:
        moment = await store.clock()
        decisions = [Decision(task.spec.id, machine.expire(task.head, _why(task), moment)) for task in tasks]
        stale = set(await store.save(decisions))
        saved = zip((task.spec for task in tasks), decisions, strict=True)
        notifier.changed([(spec, decision.head) for spec, decision in saved if spec.id not in stale])
    return len(tasks)


def _why(task: Task) -> str:
    message = f"it had not started by {iso(task.head.expires_at or 0)}"
    return Failure("expired", "Expired", message).to_json()
