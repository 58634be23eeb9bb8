"""Enqueueing in the caller's own transaction."""

from collections.abc import Sequence
from typing import Any, cast

from taskmill.core.errors import InvalidRequest
from taskmill.core.extras import needs
from taskmill.core.task import Task
from taskmill.engine.client.enqueue import Enqueued, enqueue
from taskmill.engine.notifier import Notifier
from taskmill.stores.contract import Store


def refuse_unless_postgresql(url: str) -> None:
    if not url.startswith("postgresql:"):
        raise InvalidRequest(
            f"using(connection=…) needs the store PostgreSQL, and this app's is {url.partition(':')[0]}",
            hint="App('postgresql://…'), with the database that the connection leads to",
        )


def refuse_asynchronous(connection: object) -> None:
    from taskmill.stores.postgres.transaction import is_asynchronous

    if is_asynchronous(connection):
        raise InvalidRequest(
            "enqueue() cannot wait for an asynchronous connection",
            hint="use `await task.using(connection=…).aenqueue(…)`",
        )


async def enqueue_joined(store: Store, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
    """`store`: of the same database. Raises InvalidRequest, StoreUnavailable, and what the connection's driver does."""
    with needs("postgres", "the store PostgreSQL"):
        from taskmill.stores.postgres.transaction import CallerTransaction
    joined = CallerTransaction(connection)
    await cast(Any, store).add_queues({task.spec.queue for task in tasks})
    made = await enqueue(Notifier(cast(Store, joined)), tasks)
    await joined.announce()
    return made
