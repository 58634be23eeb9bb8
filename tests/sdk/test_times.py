"""Delays, starts and expiries count by the store's clock, whatever the client's says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from taskmill import App, InvalidRequest, State, TaskCancelled
from taskmill.core import times
from taskmill.core.task import SECOND
from taskmill.engine.duties.expire import end_expired
from taskmill.sdk.sync import run
from taskmill.sdk.task import Task

HOUR = 3600 * SECOND


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Of a client whose clock is an hour fast; a server's is not."""
    if request.param == "postgres":
        app = App(request.getfixturevalue("postgres_url"))
    else:
        app = App("memory://" if request.param == "memory" else f"sqlite:///{request.getfixturevalue('tmp_path')}/t.db")
    if request.param == "postgres":
        right = times.now
        monkeypatch.setattr(times, "now", lambda: right() + HOUR)
        app.clients.clock = times.now
    else:
        app.clients.clock = lambda: times.now() + HOUR
    yield app
    app.close()


@pytest.fixture
def add(off: App) -> Task[[int], int]:
    @off.task
    def add(number: int) -> int:
        return number

    return add


def store_now(app: App) -> int:
    return run(app.clients.sync().store.clock())


def test_a_delay(off: App, add: Task[[int], int]) -> None:
    before = store_now(off)
    one, *many = [add.using(delay=5).enqueue(1), *add.enqueue_many([add.using(delay=5).call(i) for i in range(3)])]
    for handle in (one, *many):
        spec, head = handle.refresh()
        assert head.state is State.SCHEDULED
        assert before + 5 * SECOND <= head.run_at <= store_now(off) + 5 * SECOND
        assert before <= spec.created_at <= store_now(off)


async def test_a_delay_in_a_loop(off: App, add: Task[[int], int]) -> None:
    client = await off.clients.here()
    before = await client.store.clock()
    handle = await add.using(delay=timedelta(seconds=5)).aenqueue(1)
    [other] = await add.aenqueue_many([add.using(delay=5).call(1)])
    for made in (handle, other):
        head = (await made.arefresh()).head
        assert before + 5 * SECOND <= head.run_at <= await client.store.clock() + 5 * SECOND
    await off.aclose()


def test_a_start_is_compared_there(off: App, add: Task[[int], int]) -> None:
    soon = datetime.fromtimestamp(store_now(off) / SECOND, UTC) + timedelta(minutes=30)
    head = add.using(at=soon).enqueue(1).refresh().head
    assert (head.state, head.run_at) == (State.SCHEDULED, times.from_datetime(soon))
    past = soon - timedelta(hours=1)
    assert add.using(at=past).enqueue(1).refresh().head.state is State.READY


def test_an_expiry(off: App, add: Task[[int], int]) -> None:
    before = store_now(off)
    at = datetime.fromtimestamp(before / SECOND, UTC) + timedelta(seconds=9)
    for expires in (9, timedelta(seconds=9), at):
        found = add.using(expires=expires).enqueue(1).refresh().head.expires_at
        assert before + 9 * SECOND - 1 <= (found or 0) <= store_now(off) + 9 * SECOND
    handle = add.using(expires=0.001).enqueue(1)
    notifier = off.clients.sync().backend.notifier
    while not run(end_expired(notifier)):
        pass
    with pytest.raises(TaskCancelled, match="expired: it had not started by 20"):
        handle.result(timeout=5)


def test_what_would_never_run_is_refused(off: App, add: Task[[int], int]) -> None:
    for wrong in (0, -1, timedelta(0), 1e10, "5", datetime(2030, 1, 1)):
        with pytest.raises(InvalidRequest, match="expires"):
            add.using(expires=wrong).enqueue(1)  # type: ignore[arg-type]
    gone = datetime.fromtimestamp(store_now(off) / SECOND, UTC) - timedelta(seconds=1)
    for late in (add.using(delay=9, expires=5), add.using(expires=gone)):
        with pytest.raises(InvalidRequest, match="is not after the start"):
            late.enqueue(1)
