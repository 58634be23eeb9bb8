"""An app: a set of task types and the store their tasks are kept in."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar, Unpack, overload

from taskmill.core.errors import InvalidRequest
from taskmill.core.retry import RetryPolicy
from taskmill.core.state import FINAL, State
from taskmill.core.task import Priority, PriorityWord
from taskmill.core.task import Task as StoredTask
from taskmill.engine.client import control
from taskmill.executors.call import is_async, target
from taskmill.executors.contract import Context
from taskmill.sdk import by_name, filters, options, signature
from taskmill.sdk.backend import ConnectionSettings
from taskmill.sdk.clients import Clients
from taskmill.sdk.filters import Conditions
from taskmill.sdk.handle import TaskHandle
from taskmill.sdk.options import DEFAULT_RETRIES, Options
from taskmill.sdk.sync import run
from taskmill.sdk.task import ExecutorName, Task, TaskFunction, executor_for
from taskmill.stores.contract import Durability
from taskmill.stores.open import anchored

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=Task[..., Any])


class Unchecked:
    """What only a handler takes whose first parameter is Any (or object): it could be a Context or not."""


class App:
    """`store`, `broker`, `feed`: URLs of the store, a broker and a live feed.

    `durability`: "power" keeps what was enqueued through a power cut, "process" through the death of every process.
    What is not given is as `taskmill up` has it in the same working directory: from the environment, else from
    taskmill.toml, else the default (sqlite:///taskmill.db, no broker, no feed, "power").
    Raises InvalidSettings when one of them is wrong there.
    Nothing is opened before the first task is enqueued or looked at. A relative path of a file counts from the working
    directory at the time when the App is made.
    """

    def __init__(
        self,
        store: str | None = None,
        *,
        broker: str | None = None,
        feed: str | None = None,
        durability: Durability | None = None,
    ) -> None:
        from taskmill.config.load import settings  # `import taskmill` is quick without it

        configured = settings()
        self.store = store or configured.store
        self.broker = broker or configured.broker
        self.feed = feed or configured.feed
        self.durability: Durability = durability or configured.durability
        self.tasks: dict[str, Task[..., Any]] = {}
        """The task types by name."""
        self.clients = Clients(ConnectionSettings(anchored(self.store), self.durability, self.broker, self.feed))

    @overload
    def task(
        self, fn: Callable[Concatenate[Unchecked, ...], Coroutine[Any, Any, R]], /
    ) -> TaskFunction[..., R, ..., Coroutine[Any, Any, R]]: ...
    @overload
    def task(self, fn: Callable[Concatenate[Unchecked, ...], R], /) -> TaskFunction[..., R, ..., R]: ...
    @overload
    def task(
        self, fn: Callable[Concatenate[Context, P], Coroutine[Any, Any, R]], /
    ) -> TaskFunction[P, R, Concatenate[Context, P], Coroutine[Any, Any, R]]: ...
    @overload
    def task(self, fn: Callable[Concatenate[Context, P], R], /) -> TaskFunction[P, R, Concatenate[Context, P], R]: ...
    @overload
    def task(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> TaskFunction[P, R, P, Coroutine[Any, Any, R]]: ...
    @overload
    def task(self, fn: Callable[P, R], /) -> TaskFunction[P, R, P, R]: ...
    @overload
    def task(
        self,
        fn: None = None,
        /,
        *,
        name: str | None = None,
        queue: str = "default",
        retries: int = DEFAULT_RETRIES,
        retry: RetryPolicy | None = None,
        timeout: float | timedelta | None = None,
        executor: ExecutorName | None = None,
        priority: Priority | PriorityWord = "normal",
    ) -> "Declaration": ...

    def task(
        self,
        fn: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        queue: str = "default",
        retries: int = DEFAULT_RETRIES,
        retry: RetryPolicy | None = None,
        timeout: float | timedelta | None = None,
        executor: ExecutorName | None = None,
        priority: Priority | PriorityWord = "normal",
    ) -> Any:
        """Declare a function as a task type: `@app.task`, or with options `@app.task(queue="mail", timeout=30)`.

        name: the function's own unless given. retries: attempts after the first, when it raises or takes longer than
        `timeout` seconds (None: as long as it likes). retry: how long to wait between attempts. executor: "inline" (on
        the event loop, the rule for `async def`), "threads" (the rule for `def`) or "processes" (a process of its
        own, which can be killed at its timeout). A parameter annotated `Context` is given the attempt's context.
        """
        chosen = Options(
            queue=options.name(queue, "queue"),
            priority=options.priority(priority),
            attempt_limit=options.attempt_limit(retries),
            retry=options.retry(retry),
            timeout=options.timeout(timeout),
        )
        declare = Declaration(self, name, executor, chosen, retry)
        return declare if fn is None else declare(fn)

    def include(self, task: T) -> T:
        """A task type of the catalogue, or of another app, as one of this app: it is enqueued into this app's store.

        `mail = app.include(email_sending)`, then `mail.enqueue(to="…")`. Raises InvalidRequest when there is one of
        that name.
        """
        included = task.within(self)
        self.add(included)
        return included

    def admit(self, task_type: str) -> None:
        """Called before a task of one of its task types is stored, wherever. Raises TaskmillError to refuse it."""

    def handle(self, id: str) -> TaskHandle[Any]:
        """For the id of any task, also of one enqueued elsewhere; `some_task.handle(id)` has a typed result."""
        return TaskHandle(self, options.task_id(id), None)

    def task_type(self, name: str) -> Task[..., Any]:
        """A task type by its name, also one whose code is in another program: as its workers registered it.

        `app.task_type("resize").using(queue="big").enqueue(path="a.png", width=300)`: parameters are given by name and
        checked before anything is stored. Raises UnknownTaskType.
        """
        own = self.tasks.get(name)
        return by_name.named(self, name, run(self.clients.sync().store.task_types())) if own is None else own

    async def atask_type(self, name: str) -> Task[..., Any]:
        own = self.tasks.get(name)
        return own or by_name.named(self, name, await (await self.clients.here()).store.task_types())

    def find(self, limit: int | None = None, **where: Unpack[Conditions]) -> Iterator[StoredTask]:
        """The tasks of the store that match, newest first, at most `limit`; read page by page while you iterate.

        Conditions, of which all must hold: `state`, `queue`, `task_type`, `priority` (one value or a list of them),
        `tag` (with all of them, if it is a list), `key`, `created_after`, `created_before` (datetimes).
        `app.handle(task.spec.id)` acts on one. Raises InvalidRequest.
        """
        filter = filters.read(where)
        return self.clients.sync().find(filter, filters.limit(limit))

    async def afind(self, limit: int | None = None, **where: Unpack[Conditions]) -> AsyncGenerator[StoredTask]:
        filter = filters.read(where)
        async for task in (await self.clients.here()).find(filter, filters.limit(limit)):
            yield task

    def cancel_matching(self, *, dry_run: bool = False, all: bool = False, **where: Unpack[Conditions]) -> int:
        """Cancel the unfinished tasks that match, by the conditions of `find`; returns how many, or would be.

        `dry_run`: only count them. Without any condition it is refused unless `all` is true. Raises InvalidRequest.
        """
        filter = filters.bulk(where, filters.UNFINISHED, all)
        return self.clients.sync().act(None if dry_run else control.cancel, filter)

    async def acancel_matching(self, *, dry_run: bool = False, all: bool = False, **where: Unpack[Conditions]) -> int:
        filter = filters.bulk(where, filters.UNFINISHED, all)
        return await (await self.clients.here()).act(None if dry_run else control.cancel, filter)

    def retry_matching(self, *, dry_run: bool = False, all: bool = False, **where: Unpack[Conditions]) -> int:
        """Run the failed tasks that match again, or those in the `state` that is given; else as `cancel_matching`."""
        filter = filters.bulk(where, (State.FAILED,), all)
        return self.clients.sync().act(None if dry_run else control.retry, filter)

    async def aretry_matching(self, *, dry_run: bool = False, all: bool = False, **where: Unpack[Conditions]) -> int:
        filter = filters.bulk(where, (State.FAILED,), all)
        return await (await self.clients.here()).act(None if dry_run else control.retry, filter)

    def delete_matching(self, *, dry_run: bool = False, all: bool = False, **where: Unpack[Conditions]) -> int:
        """Delete the ended tasks that match, with all that is kept of them; else as `cancel_matching`."""
        filter = filters.bulk(where, tuple(FINAL), all)
        return self.clients.sync().act(None if dry_run else control.delete, filter)

    async def adelete_matching(self, *, dry_run: bool = False, all: bool = False, **where: Unpack[Conditions]) -> int:
        filter = filters.bulk(where, tuple(FINAL), all)
        return await (await self.clients.here()).act(None if dry_run else control.delete, filter)

    def close(self) -> None:
        """Let go of the store; the next use opens it again."""
        self.clients.close()

    async def aclose(self) -> None:
        await self.clients.aclose()

    def add(self, task: Task[..., Any]) -> None:
        known = self.tasks.setdefault(task.name, task)
        if known is not task and task.fn.__module__ == "__main__" and _location(known) == _location(task):
            self.tasks[task.name] = task  # a cell of a notebook that was run again
        elif known is not task:
            raise InvalidRequest(
                f"there are two task types named '{task.name}': {_location(known)} and {_location(task)}",
                hint='give one another name: @app.task(name="...")',
            )


@dataclass(frozen=True, slots=True)
class Declaration:
    """`@app.task(...)`, waiting for its function."""

    app: App
    name: str | None
    executor: ExecutorName | None
    options: Options
    retry: RetryPolicy | None

    @overload
    def __call__(
        self, fn: Callable[Concatenate[Unchecked, ...], Coroutine[Any, Any, R]], /
    ) -> TaskFunction[..., R, ..., Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[Unchecked, ...], R], /) -> TaskFunction[..., R, ..., R]: ...
    @overload
    def __call__(
        self, fn: Callable[Concatenate[Context, P], Coroutine[Any, Any, R]], /
    ) -> TaskFunction[P, R, Concatenate[Context, P], Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(
        self, fn: Callable[Concatenate[Context, P], R], /
    ) -> TaskFunction[P, R, Concatenate[Context, P], R]: ...
    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> TaskFunction[P, R, P, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, fn: Callable[P, R], /) -> TaskFunction[P, R, P, R]: ...

    def __call__(self, fn: Callable[..., Any], /) -> Any:
        name = options.name(signature.default_name(fn) if self.name is None else self.name, "task type")
        signature.refuse_unless_handler(fn, name)
        task = TaskFunction[..., Any, ..., Any](self.app, fn, name, self._executor(fn, name), self.options, self.retry)
        task.check()
        self.app.add(task)
        return task

    def _executor(self, fn: Callable[..., Any], name: str) -> ExecutorName:
        fitting = executor_for(fn)
        if self.executor not in (None, "inline", "threads", "processes"):
            raise InvalidRequest(f"task type '{name}': executor {self.executor!r} is not inline, threads or processes")
        if "inline" in (fitting, self.executor) and self.executor not in (None, fitting):
            raise InvalidRequest(f"task type '{name}': the executor '{self.executor}' does not fit {_kind(fn)}")
        return self.executor or fitting


def _kind(fn: Callable[..., Any]) -> str:
    return "an `async def`" if is_async(fn) else "a plain `def`"


def _location(task: Task[..., Any]) -> str:
    fn = target(task.fn)
    return f"{fn.__module__}.{fn.__qualname__}"
