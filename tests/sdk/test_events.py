"""What happens to a task, as typed events; and its status, from the live feed's memory where there is one."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from taskmill import App, InvalidRequest, NotFound, State, Task
from taskmill.core import times
from taskmill.core.events import TaskEvent
from taskmill.core.outcome import Failure
from taskmill.engine.live.events import state_event
from taskmill.portal import portal
from taskmill.sdk.events import Event, Logged, Progress, Progressed, StateChanged, typed
from tests.sdk import endings
from tests.sdk.test_handles import NOWHERE

PROGRESS = '{"fraction":0.5,"note":"half"}'


@pytest.fixture
def work(app: App) -> Task[[], int]:
    @app.task
    def work() -> int:
        return 1

    return work


def later(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def short(event: Event) -> object:
    return event.state if event.kind == "state" else event.kind


def test_from_how_it_is_now(app: App, work: Task[[], int]) -> None:
    handle = work.enqueue()
    events = handle.events()
    first = next(events)
    assert isinstance(first, StateChanged)
    assert (first.state, first.attempt, first.at.tzinfo) == (State.READY, 0, UTC)
    endings.start(app, handle.id, PROGRESS)
    begun = next(events)
    assert (short(begun), begun.attempt) == (State.RUNNING, 1)
    found = [begun, *(next(events) for _ in range(begun.kind == "state" and begun.progress is None))]
    assert isinstance(found[-1], StateChanged | Progressed)
    assert found[-1].progress == Progress(0.5, "half")


def test_the_end_is_told_to_who_waits(app: App, work: Task[[], int]) -> None:
    handle = work.enqueue()
    events = handle.events()
    next(events)
    ending = later(lambda: endings.fail(app, handle.id, Failure("exception", "ValueError", "no")))
    last = list(events)[-1]
    ending.join()
    assert isinstance(last, StateChanged)
    assert (last.state, last.error and last.error["type"]) == (State.FAILED, "ValueError")


def test_one_that_has_ended_is_one_event(app: App, work: Task[[], int]) -> None:
    handle = work.enqueue()
    endings.succeed(app, handle.id, "1")
    assert [short(event) for event in handle.events()] == [State.SUCCEEDED]


def test_who_stops_early_leaves_nothing_behind(app: App, work: Task[[], int]) -> None:
    handle = work.enqueue()
    for _ in handle.events():
        break
    app.close()
    assert handle.status() is State.READY


async def test_in_async_code(app: App, work: Task[[], int]) -> None:
    handle = await work.aenqueue()
    seen = []
    async for event in handle.aevents():
        seen.append(short(event))
        if event.kind == "state" and event.state is State.READY:
            await handle.acancel()
    assert seen == [State.READY, State.CANCELLED]
    with pytest.raises(InvalidRequest, match="would block the running event loop"):
        handle.events()
    await app.aclose()


def test_a_task_that_is_not_there(app: App) -> None:
    with pytest.raises(NotFound):
        next(app.handle(NOWHERE).events())


def test_events_have_types() -> None:
    running = TaskEvent("state", NOWHERE, "t", "q", 5, State.RUNNING, 2, 1)
    at = datetime(1970, 1, 1, 0, 0, 0, 5, UTC)
    assert typed(running) == StateChanged(at, 1, State.RUNNING, None, None)
    told_half = running._replace(kind="progress", progress=PROGRESS)
    assert typed(told_half) == Progressed(at, 1, Progress(0.5, "half"))
    line = json.dumps({"at": 5, "level": "error", "message": "no"})
    assert typed(running._replace(kind="log", line=line)) == Logged(at, 1, "error", "no")


@pytest.fixture
def remembering() -> Iterator[App]:
    app = App("memory://", feed="memory://")
    yield app
    app.close()


def test_the_memory_of_the_feed_is_asked_first(remembering: App) -> None:
    app = remembering
    client = app.clients.sync()
    feed, store = client.backend.feed, client.store
    assert feed is not None
    handle = app.task(endings_free).enqueue()

    def stored() -> TaskEvent:
        [task] = portal().run(store.get([handle.id])).values()
        return state_event(task, times.now())

    assert handle.status() is State.READY
    running = stored()._replace(kind="progress", state=State.RUNNING, version=2, progress=PROGRESS)
    portal().run(feed.emit([running]))
    assert (handle.status(), handle.progress()) == (State.RUNNING, Progress(0.5, "half"))
    endings.succeed(app, handle.id, "1")
    portal().run(feed.emit([running]))
    assert handle.result(timeout=10) == 1
    assert handle.status() is State.SUCCEEDED  # which this handle has seen, whatever is remembered


async def test_the_memory_of_the_feed_in_async_code(remembering: App) -> None:
    app = remembering
    handle = await app.task(endings_free).aenqueue()
    feed = (await app.clients.here()).backend.feed
    assert feed is not None
    assert await handle.astatus() is State.READY
    [known] = (await feed.latest([handle.id])).values()
    await feed.emit([known._replace(state=State.RUNNING, version=2, at=9, progress=PROGRESS)])
    assert await handle.astatus() is State.RUNNING
    assert await handle.aprogress() == Progress(0.5, "half")
    await app.aclose()


def endings_free() -> int:
    return 1
