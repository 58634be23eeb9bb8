"""Handles: results typed by the annotation, errors with their cause, waiting that is woken."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

from taskmill import (
    App,
    InvalidRequest,
    NotFound,
    ResultTimeout,
    Snooze,
    State,
    Task,
    TaskCancelled,
    TaskError,
)
from taskmill.core.outcome import Failure
from taskmill.core.task import Task as Stored
from taskmill.engine.live.waiter import WaitTimings
from tests.sdk import endings

NOWHERE = "00000000-0000-7000-8000-000000000000"


@dataclass
class Receipt:
    number: int


class Model(pydantic.BaseModel):
    number: int


@pytest.fixture
def pay(app: App) -> Task[[int], Receipt]:
    @app.task
    def pay(order: int) -> Receipt:
        return Receipt(order)

    return pay


@pytest.fixture
async def loop_app(app: App) -> AsyncIterator[App]:
    yield app
    await app.aclose()


def test_the_result_has_the_annotated_type(app: App, pay: Task[[int], Receipt]) -> None:
    handle = pay.enqueue(7)
    endings.succeed(app, handle.id, '{"number": 7}')
    assert handle.result() == Receipt(7)
    assert pay.handle(handle.id).result() == Receipt(7)
    assert app.handle(handle.id).result() == Receipt(7)


def test_of_a_model_of_a_union_and_of_none(app: App) -> None:
    @app.task
    def model() -> Model: ...

    @app.task
    def steered() -> Receipt | Snooze: ...

    @app.task
    def nothing() -> None: ...

    @app.task
    def untyped(): ...  # type: ignore[no-untyped-def]

    wanted: list[tuple[Any, str, Any]] = [
        (model, '{"number": 1}', Model(number=1)),
        (steered, '{"number": 1}', Receipt(1)),
        (nothing, "null", None),
    ]
    for task, text, value in [*wanted, (untyped, '{"number": [1]}', {"number": [1]})]:
        handle = task.enqueue()
        endings.succeed(app, handle.id, text)
        assert handle.result() == value


def test_a_result_that_does_not_fit(app: App, pay: Task[[int], Receipt]) -> None:
    handle = pay.enqueue(7)
    endings.succeed(app, handle.id, '{"number": "x"}')
    with pytest.raises(TaskError, match=r"does not fit the return annotation .* got `str` - at `\$.number`"):
        handle.result()


def test_a_failed_task_tells_why(app: App, pay: Task[[int], Receipt]) -> None:
    handle = pay.enqueue(7)
    endings.fail(app, handle.id, Failure("exception", "ZeroDivisionError", "division by zero", "Traceback: line 1"))
    with pytest.raises(
        TaskError, match=r"pay .* failed in attempt 1 of 4: ZeroDivisionError: division by zero"
    ) as failed:
        handle.result()
    error = failed.value
    assert (error.task_id, error.type, error.reason) == (handle.id, "ZeroDivisionError", "division by zero")
    assert error.traceback == "Traceback: line 1"
    assert error.__notes__ == ["Traceback: line 1"]
    assert not isinstance(error, TaskCancelled)


def test_a_cancelled_task(pay: Task[[int], Receipt]) -> None:
    handle = pay.enqueue(7)
    assert handle.cancel()
    assert (handle.status(), handle.cancel()) == (State.CANCELLED, False)
    with pytest.raises(TaskCancelled, match="was cancelled") as cancelled:
        handle.result()
    assert cancelled.value.task_id == handle.id


def test_a_running_task_is_asked_to_stop(app: App, pay: Task[[int], Receipt]) -> None:
    handle = pay.enqueue(7)
    endings.start(app, handle.id)
    assert handle.cancel()
    assert (handle.status(), handle.refresh().head.cancel) == (State.RUNNING, True)


def test_progress(app: App, pay: Task[[int], Receipt]) -> None:
    handle = pay.enqueue(7)
    assert handle.progress() is None
    endings.start(app, handle.id, '{"fraction": 0.4, "note": "reading"}')
    assert handle.progress() == (0.4, "reading")


def test_no_result_in_time(pay: Task[[int], Receipt]) -> None:
    with pytest.raises(TimeoutError, match=r"within 0.01 s: it is ready in .*; the task goes on") as late:
        pay.enqueue(7).result(timeout=0.01)
    assert isinstance(late.value, ResultTimeout)


def test_no_such_task(app: App) -> None:
    handle = app.handle(NOWHERE)
    for ask in (handle.result, handle.status, handle.progress, handle.cancel, handle.refresh):
        with pytest.raises(NotFound, match=f"no task {NOWHERE}"):
            ask()
    with pytest.raises(InvalidRequest, match="is not a UUID"):
        app.handle("seven")


def test_the_one_who_waits_is_woken(app: App, pay: Task[[int], Receipt]) -> None:
    app.clients.timings = WaitTimings(first_look=60.0)
    for number in range(3):  # the second and third use the ear of the first
        handle = pay.enqueue(number)
        ending = threading.Timer(0.05, endings.succeed, (app, handle.id, f'{{"number": {number}}}'))
        ending.start()
        assert handle.result(timeout=30) == Receipt(number)
        ending.join()


def test_what_was_not_heard_is_seen(app: App, pay: Task[[int], Receipt], monkeypatch: pytest.MonkeyPatch) -> None:
    app.clients.timings = WaitTimings(first_look=0.01)
    handle = pay.enqueue(1)
    bell = app.clients.sync().store.bell
    monkeypatch.setattr(type(bell), "ring", lambda *_: None)
    ending = threading.Timer(0.02, endings.succeed, (app, handle.id, '{"number": 1}'))
    ending.start()
    assert handle.result(timeout=10) == Receipt(1)
    ending.join()


async def test_a_blocking_wait_on_an_event_loop_is_refused(loop_app: App, pay: Task[[int], Receipt]) -> None:
    handle = await pay.aenqueue(1)
    with pytest.raises(InvalidRequest, match="would block the running event loop") as refused:
        handle.result()
    assert refused.value.hint == "use `await handle.aresult()` in async code"


async def test_many_wait_at_once_and_are_woken_even_where_rings_are_dropped(
    loop_app: App, pay: Task[[int], Receipt]
) -> None:
    loop_app.clients.timings = WaitTimings(first_look=60.0)
    handles = await pay.aenqueue_many(pay.call(i) for i in range(50))
    waiting = [asyncio.create_task(handle.aresult(30)) for handle in [*handles, handles[0]]]
    await asyncio.gather(*(handle.astatus() for handle in handles))  # all have looked once
    for i, handle in enumerate(handles):
        endings.succeed(loop_app, handle.id, f'{{"number": {i}}}')
    assert await asyncio.gather(*waiting) == [Receipt(i) for i in [*range(50), 0]]


async def test_many_reads_are_one(loop_app: App, pay: Task[[int], Receipt], monkeypatch: pytest.MonkeyPatch) -> None:
    handles = await pay.aenqueue_many(pay.call(i) for i in range(50))
    for handle in handles:
        endings.succeed(loop_app, handle.id, '{"number": 1}')
    store = (await loop_app.clients.here()).store
    asked: list[int] = []
    get = store.get

    async def counted(ids: Sequence[str]) -> dict[str, Stored]:
        asked.append(len(ids))
        return await get(ids)

    monkeypatch.setattr(store, "get", counted)
    await asyncio.gather(*(handle.aresult(5) for handle in handles))
    assert asked == [50]


async def test_asynchronous_twins(loop_app: App, pay: Task[[int], Receipt]) -> None:
    handle = await pay.aenqueue(1)
    assert await handle.aprogress() is None
    with pytest.raises(ResultTimeout):
        await handle.aresult(timeout=0.01)
    assert await handle.acancel()
    assert not await handle.acancel()
    with pytest.raises(TaskCancelled):
        await handle.aresult()
    with pytest.raises(NotFound):
        await loop_app.handle(NOWHERE).aresult()
    with pytest.raises(NotFound):
        await loop_app.handle(NOWHERE).acancel()


async def test_one_who_gives_up_leaves_the_others_waiting(loop_app: App, pay: Task[[int], Receipt]) -> None:
    handle = await pay.aenqueue(1)
    waiting = [asyncio.create_task(handle.aresult(30)) for _ in range(2)]
    await handle.arefresh()  # a read of the store later both wait
    waiting[0].cancel()
    endings.succeed(loop_app, handle.id, '{"number": 1}')
    assert await waiting[1] == Receipt(1)
    assert waiting[0].cancelled()


async def test_attempts(loop_app: App, pay: Task[[int], Receipt]) -> None:
    handle = pay.enqueue(7)
    assert handle.attempts() == []
    endings.succeed(loop_app, handle.id, '{"number": 7}')
    [attempt] = handle.attempts()
    assert (attempt.outcome, attempt.number, attempt.worker) == ("succeeded", 1, "worker")
    assert await handle.aattempts() == [attempt]
    with pytest.raises(NotFound):
        pay.handle(NOWHERE).attempts()
