"""A task type as its author declared it, and the ways to enqueue it."""

import copy
import functools
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, ParamSpec, Self, TypeVar

import msgspec

from taskmill.core import machine
from taskmill.core.errors import InvalidParameters, InvalidRequest
from taskmill.core.ids import uuid7
from taskmill.core.retry import RetryPolicy
from taskmill.core.task import PRIORITY_WORDS, SECOND, Priority, PriorityWord, Spec
from taskmill.core.task import Task as StoredTask
from taskmill.engine.client.enqueue import Enqueued
from taskmill.executors.call import is_async
from taskmill.sdk import elsewhere, options, signature
from taskmill.sdk.codec import Codec
from taskmill.sdk.handle import TaskHandle
from taskmill.sdk.options import Options
from taskmill.sdk.sync import run
from taskmill.stores.contract import TaskTypeRow

if TYPE_CHECKING:
    from taskmill.sdk.app import App

P = ParamSpec("P")
R = TypeVar("R")
D = ParamSpec("D")
V = TypeVar("V")
ExecutorName = Literal["inline", "threads", "processes"]


class Call(NamedTuple, Generic[R]):
    """One task to be: checked, with its id, not stored yet."""

    task: "Task[..., R]"
    made: StoredTask


class Task(Generic[P, R]):
    """P: the parameters of the handler without its context; R: what it returns."""

    __name__: str

    def __init__(
        self,
        app: "App",
        fn: Callable[..., Any],
        name: str,
        executor: ExecutorName,
        chosen: Options,
        retry: RetryPolicy | None,
    ) -> None:
        functools.update_wrapper(self, fn)  # type: ignore[arg-type]  # any object with a __dict__ will do
        shape = signature.read(fn, name)
        self.fn = fn
        self.name: str = name
        self.executor: str = executor
        self.retry = retry
        self.context_parameter: str | None = shape.context
        self.description = signature.summary(fn)
        self._app = app
        self._home = app
        """Where it was declared; `_app` is where its tasks go."""
        self._shape = shape
        self._positional = shape.positional
        self._options = chosen
        self._timed = False
        """Whether the options have a delay, a start or an expiry: those count by the store's clock."""
        self._joined: object = None
        """The caller's own connection."""

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    @property
    def queue(self) -> str:
        """Where its tasks wait."""
        return self._options.queue

    @property
    def priority(self) -> Priority:
        """Within its queue."""
        return Priority(self._options.priority)

    @property
    def retries(self) -> int:
        """Attempts after the first."""
        return self._options.attempt_limit - 1

    @property
    def timeout(self) -> float | None:
        """Seconds that one attempt may take; None: as long as it likes."""
        return None if self._options.timeout is None else self._options.timeout / SECOND

    @property
    def wants_context(self) -> bool:
        return self.context_parameter is not None

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskHandle[R]:
        """Store a task; when this returns, it is safe.

        Raises InvalidParameters (with the path of each bad one), TooLarge, StoreUnavailable.
        """
        made = self._made(args, kwargs)
        if self._timed:
            made = self._dated(made, run(self._app.clients.sync().store.clock()))
        [enqueued] = self._add((made,))
        return TaskHandle(self._app, enqueued.id, self, enqueued.created)

    async def aenqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskHandle[R]:
        """As `enqueue`; calls that run at the same time share one commit."""
        made = self._made(args, kwargs)
        if self._timed:
            made = self._dated(made, await (await self._app.clients.here()).store.clock())
        [enqueued] = await self._aadd((made,))
        return TaskHandle(self._app, enqueued.id, self, enqueued.created)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> Call[R]:
        """A task for `enqueue_many`: typed, checked and given its id here."""
        return Call(self, self._made(args, kwargs))

    def enqueue_many(self, calls: Iterable[Call[R]]) -> list[TaskHandle[R]]:
        """Store many tasks in one commit, all or none.

            resize.enqueue_many(resize.call(path, width=300) for path in paths)

        `call` has the handler's own signature, so editors and type checkers know the arguments of each, and
        `resize.using(key=path).call(path)` gives one of them options of its own. As every call carries its id, the same
        list may be enqueued again after an error: no task is made twice.
        """
        calls = list(calls)
        if any(call.task._timed for call in calls):
            now = run(self._app.clients.sync().store.clock())
            calls = [call.task._dated_call(call, now) for call in calls]
        return self._handles(calls, self._add([call.made for call in calls]))

    async def aenqueue_many(self, calls: Iterable[Call[R]]) -> list[TaskHandle[R]]:
        calls = list(calls)
        if any(call.task._timed for call in calls):
            now = await (await self._app.clients.here()).store.clock()
            calls = [call.task._dated_call(call, now) for call in calls]
        return self._handles(calls, await self._aadd([call.made for call in calls]))

    def using(
        self,
        *,
        queue: str | None = None,
        priority: Priority | PriorityWord | None = None,
        delay: float | timedelta | None = None,
        at: datetime | None = None,
        expires: float | timedelta | datetime | None = None,
        key: str | None = None,
        id: str | None = None,
        tags: Sequence[str] | None = None,
        meta: Mapping[str, str | int | float | bool] | None = None,
        timeout: float | timedelta | None = None,
        retries: int | None = None,
        connection: object = None,
    ) -> "Task[P, R]":
        """The same task type with other options, to enqueue from.

        delay: not before so many seconds (or a timedelta) from then; at: not before that time. Both count by the clock
        of the store. expires: when it has not started after so many seconds (or a timedelta), or by that time, it ends
        as cancelled, with the code `expired`.
        key: while an unfinished task has this key, no second one is stored; `handle.created` tells.
        id: a UUID of your own; a repeat stores nothing.
        meta: pairs of your own, to find it by; `traceparent` may be among them.
        timeout: seconds that one attempt may take. retries: attempts after the first.
        connection: one of your own (asyncpg, psycopg 3, SQLAlchemy) to the database of the app's PostgreSQL store: the
        task is stored in the transaction that is open there, and starts once that is committed.
        """
        given: dict[str, Any] = {
            "queue": None if queue is None else options.name(queue, "queue"),
            "priority": None if priority is None else options.priority(priority),
            "key": None if key is None else options.name(key, "key"),
            "id": None if id is None else options.task_id(id),
            "tags": None if tags is None else options.tags(tags),
            "meta": None if meta is None else options.pairs(meta),
            "timeout": options.timeout(timeout),
            "attempt_limit": None if retries is None else options.attempt_limit(retries),
        }
        chosen = {option: value for option, value in given.items() if value is not None}
        changed = copy.copy(self)
        changed._options = self._options._replace(**chosen, **options.when(delay, at), **options.expiry(expires))
        changed._timed = changed._options.timed
        changed._joined = self._joined if connection is None else connection
        return changed

    def within(self, app: "App") -> Self:
        """The same task type, whose tasks go to another app; `app.include` makes it known there."""
        changed = copy.copy(self)
        changed._app = app
        return changed

    def handle(self, id: str) -> TaskHandle[R]:
        """For an id that was kept: the result is typed."""
        return TaskHandle(self._app, id, self)

    def schema(self) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of the parameters object."""
        return self._codec.schema(self.description)

    def row(self, seen_at: int = 0) -> TaskTypeRow:
        """What workers register in the store."""
        chosen = {
            "attempt_limit": self._options.attempt_limit,
            "retry": None if self._options.retry is None else json.loads(self._options.retry),
            "timeout": self.timeout,
            "executor": self.executor,
            "priority": PRIORITY_WORDS[self.priority],
        }
        schema = msgspec.json.encode(self.schema()).decode()
        return TaskTypeRow(self.name, self.queue, schema, self.description, json.dumps(chosen), seen_at)

    def decode(self, parameters: str) -> dict[str, Any]:
        """Typed arguments by name, without the context. Raises InvalidParameters."""
        return self._codec.decode(parameters)

    def encode_result(self, value: Any) -> str:
        """JSON. Raises TypeError or ValueError."""
        return self._codec.encode_result(value)

    def decode_result(self, result: str) -> Any:
        return self._codec.decode_result(result)

    def check(self) -> None:
        """Raises InvalidRequest for annotations that can't be served. Those that are defined later are looked at when
        the task type is first used, or registered by a worker."""
        try:
            self._codec  # noqa: B018
        except InvalidRequest as refused:
            if not isinstance(refused.__cause__, NameError):
                raise

    @functools.cached_property
    def _codec(self) -> Codec:
        return Codec(self.fn, self.name, self._shape)

    def _add(self, tasks: Sequence[StoredTask]) -> list[Enqueued]:
        if self._joined is None:
            return self._app.clients.sync().enqueue(tasks)
        return self._app.clients.enqueue_joined(self._joined, tasks)

    def _aadd(self, tasks: Sequence[StoredTask]) -> Awaitable[list[Enqueued]]:
        if self._joined is None:
            return self._app.clients.aenqueue(tasks)
        return self._app.clients.aenqueue_joined(self._joined, tasks)

    def _made(self, args: Sequence[Any], kwargs: dict[str, Any]) -> StoredTask:
        self._home.admit(self.name)
        chosen, now = self._options, self._app.clients.clock()
        parameters = self._codec.encode(self._bound(args, kwargs) if args else kwargs)
        spec = Spec(
            chosen.id or uuid7(),
            self.name,
            chosen.queue,
            parameters,
            chosen.priority,
            chosen.attempt_limit,
            chosen.retry,
            chosen.timeout,
            chosen.key,
            chosen.tags,
            now,
            chosen.meta,
        )
        return StoredTask(spec, chosen.head(spec, now) if self._timed else machine.create(spec, now))

    def _dated(self, made: StoredTask, now: int) -> StoredTask:
        """The same at the store's time. Raises InvalidRequest."""
        spec = made.spec._replace(created_at=now)
        head = self._options.head(spec, now)
        options.refuse_expired(head, now)
        return StoredTask(spec, head)

    def _dated_call(self, call: Call[R], now: int) -> Call[R]:
        return Call(self, self._dated(call.made, now))

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if len(args) > len(self._positional):
            allowed = len(self._positional)
            raise InvalidParameters(f"{self.name}: {len(args)} positional arguments were given; it takes {allowed}")
        arguments = dict(zip(self._positional, args, strict=False))
        if kwargs:
            if twice := arguments.keys() & kwargs.keys():
                raise InvalidParameters(f"{self.name}: `{min(twice)}` was given twice, by position and by name")
            arguments.update(kwargs)
        return arguments

    def _handles(self, calls: Sequence[Call[R]], made: Sequence[Enqueued]) -> list[TaskHandle[R]]:
        return [TaskHandle(self._app, one.id, call.task, one.created) for call, one in zip(calls, made, strict=True)]


elsewhere.teach(Task, elsewhere.OF_TASKS, "task")


class TaskFunction(Task[P, R], Generic[P, R, D, V]):
    """What the decorator returns: the function itself (D → V), which can be called as before, and enqueued."""

    def __call__(self, *args: D.args, **kwargs: D.kwargs) -> V:
        value: V = self.fn(*args, **kwargs)
        return value


def executor_for(fn: Callable[..., Any]) -> ExecutorName:
    return "inline" if is_async(fn) else "threads"
