"""Server-sent events: of one task to its end, of many without one; and the status of a task."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jsonschema_rs
import pytest

from taskmill.core import machine
from taskmill.core.errors import StoreUnavailable
from taskmill.core.task import SECOND, Task
from taskmill.engine.live.follow import Follower, FollowTimings
from taskmill.engine.live.lookup import get_task
from taskmill.feeds.contract import EventFilter
from taskmill.feeds.memory import MemoryFeed
from taskmill.sdk.sync import run
from taskmill.server.rest.sse import frame
from taskmill.service.recent_events import RecentEvents
from taskmill.service.streams import EventGap, FilteredStream, StreamSettings, TaskChange, TaskEnd, TaskGone, TaskStream
from taskmill.stores.contract import Beat
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task
from taskmill.testing.conformance.feeds import an_event
from tests.faces.events import Sent, stream
from tests.faces.site import ORIGIN, Site, now
from tests.faces.site import site as opened

LONG = 20


def tell(site: Site, id: str, fraction: float) -> None:
    """Progress, as a worker stores it."""
    head = run(site.store.get([id]))[id].head
    beat = Beat(id, head.version, json.dumps({"fraction": fraction, "note": "on it"}))
    assert run(site.store.extend("worker-1", [beat], 60 * SECOND)) == []
    site.store.bell.ring("progress", [id])


def until(events: Iterator[Sent], condition: Callable[[Sent], bool]) -> list[Sent]:
    found = []
    for event in events:
        found.append(event)
        if condition(event):
            return found
    raise AssertionError(f"it ended before: {found}")


def steps(events: list[Sent]) -> list[str]:
    return [event.data["state"] if event.name == "state" else event.name for event in events]


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_task_from_how_it_is_now_to_its_end(site: Site) -> None:
    id = site.create(queue="sse-one")
    with stream(site.http, f"/api/tasks/{id}/events") as events:
        first = next(events)
        assert (first.name, first.data["state"], first.data["queue"]) == ("state", "ready", "sse-one")
        site.start(id)
        assert next(events).data["state"] == "running"
        tell(site, id, 0.4)
        assert next(events).data["progress"] == {"fraction": 0.4, "note": "on it"}
        head = run(site.store.get([id]))[id].head
        site._finish(id, machine.succeed(head, "2", now(site.store)), "succeeded")
        rest = list(events)
    assert steps(rest) == ["log", "succeeded", "end"]
    assert rest[0].data["line"]["message"] == "hello"
    assert rest[-1].data["result"] == 2


def test_one_that_has_ended_is_one_look(site: Site) -> None:
    id = site.create(queue="sse-ended")
    site.fail(id, '{"code":"exception","type":"ValueError","message":"no"}')
    with stream(site.http, f"/api/tasks/{id}/events") as events:
        state, end = list(events)
    assert (state.data["state"], end.name, end.data["error"]["message"]) == ("failed", "end", "no")


def test_one_task_goes_on_after_the_last_event_id(site: Site) -> None:
    id = site.create(queue="sse-resumed")
    with stream(site.http, f"/api/tasks/{id}/events") as events:
        last = next(events).id
    site.succeed(id)
    with stream(site.http, f"/api/tasks/{id}/events", last) as events:
        rest = list(events)
    assert steps(rest) == ["log", "succeeded", "end"]
    with stream(site.http, f"/api/tasks/{id}/events", rest[-1].id) as events:
        assert steps(list(events)) == ["end"]
    with stream(site.http, f"/api/tasks/{id}/events", "no-such-id") as events:
        assert steps(list(events)) == ["succeeded", "end"]


def test_no_such_task(site: Site) -> None:
    for path in ("events", "status"):
        for id in ("01a20167-4d70-7b43-b36f-68b0bc9419a5", "nonsense"):
            reply = site.http.get(f"/api/tasks/{id}/{path}")
            assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_a_task_that_is_deleted_meanwhile() -> None:
    store, task = MemoryStore(), a_task()
    await store.add([task])
    follower = Follower(task.spec.id, MemoryFeed(), store, timings=FollowTimings(silence=0.05))
    events = TaskStream(follower, await follower.next(), partial(get_task, store), 0.05, lambda: None)
    [state] = await events.next(LONG)
    assert isinstance(state, TaskChange)
    store._tasks.clear()
    [gone] = await events.next(LONG)
    assert (isinstance(gone, TaskGone), events.over) == (True, True)
    assert frame(gone).startswith(b'event: gone\ndata: {"type":"urn:taskmill:error:not_found"')
    events.close()


async def test_the_end_comes_late_when_the_store_is_away() -> None:
    """What was read before goes out first, and the end when the store is back."""
    store, task = MemoryStore(), a_task()
    await store.add([task._replace(head=machine.cancel(task.head, 1))])
    looks = iter([None, StoreUnavailable("away"), StoreUnavailable("away"), None])

    async def look_at(id: str) -> Task:
        if error := next(looks):
            raise error
        return await get_task(store, id)

    follower = Follower(task.spec.id, MemoryFeed(), store, get=look_at)
    events = TaskStream(follower, await follower.next(), look_at, 0.01, lambda: None)
    [state] = await events.next(LONG)
    assert isinstance(state, TaskChange)
    assert (await events.next(LONG), events.over) == ([], False)
    [end] = await events.next(LONG)
    assert (isinstance(end, TaskEnd), events.over) == (True, True)
    events.close()


def test_many_are_filtered(site: Site) -> None:
    with stream(site.http, "/api/events", queue=["sse-a", "sse-b"], task_type="math") as events:
        others = [site.create(queue="sse-c"), site.create(queue="sse-a", task_type="order", parameters={"items": []})]
        ids = {site.create(queue=queue) for queue in ("sse-a", "sse-b")}
        found: set[str] = set()
        while found != ids:
            found.add(next(events).data["id"])
        assert found.isdisjoint(others)
    with stream(site.http, "/api/events", id=list(ids)[:1]) as events:
        for id in ids:
            site.succeed(id)
        [*_, last] = until(events, lambda event: event.data["state"] == "succeeded")
        assert last.data["id"] == next(iter(ids))


def test_many_go_on_after_the_last_event_id(site: Site) -> None:
    with stream(site.http, "/api/events", queue="sse-d") as events:
        first = site.create(queue="sse-d")
        last = next(events)
        assert last.data["id"] == first
    second = site.create(queue="sse-d")
    with stream(site.http, "/api/events", last.id, queue="sse-d") as events:
        assert next(events).data["id"] == second


@pytest.mark.parametrize("last", ["of-another-server", "00000000-17", "x"])
def test_a_gap_is_told(site: Site, last: str) -> None:
    with stream(site.http, "/api/events", last, queue="sse-e") as events:
        gap = next(events)
        assert (gap.name, "missed" in gap.data["reason"]) == ("gap", True)
        id = site.create(queue="sse-e")
        assert next(events).data["id"] == id


def test_a_place_that_is_gone_is_a_gap(site: Site) -> None:
    with stream(site.http, "/api/events", queue="sse-f") as events:
        site.create(queue="sse-f")
        last = next(events).id
    recent = site.service.streams._recent
    wait(lambda: recent.readers == 0)
    recent._events.clear()
    recent.end += 10
    with stream(site.http, "/api/events", last, queue="sse-f") as events:
        assert next(events).name == "gap"


def test_wrong_filters_are_refused(site: Site) -> None:
    for query, path in (({"id": "x"}, "$.id"), ({"queue": ""}, "$.queue"), ({"qeue": "a"}, "$.qeue")):
        reply = site.http.get("/api/events", params=query)
        assert (reply.status_code, reply.json()["errors"][0]["path"]) == (422, path)


def test_silence_has_heartbeats(url: str) -> None:
    with opened(url, StreamSettings(heartbeat=0.05)) as site:
        id = site.create(queue="sse-quiet")
        for path in (f"/api/tasks/{id}/events", "/api/events?queue=nobody"):
            with stream(site.http, path) as events:
                until(events, lambda event: event.name == ":")
                assert next(events).name == ":"


def test_who_leaves_frees_everything(site: Site) -> None:
    streams, recent = site.service.streams, site.service.streams._recent
    id = site.create(queue="sse-leaves")
    with stream(site.http, f"/api/tasks/{id}/events") as one, stream(site.http, "/api/events"):
        next(one)
        assert (len(streams), recent.readers) == (2, 1)
    wait(lambda: (len(streams), recent.readers) == (0, 0))
    feed: Any = site.service._backend.live
    wait(lambda: id not in feed._hub.ids())


def test_no_more_streams_than_the_limit(url: str) -> None:
    with opened(url, StreamSettings(streams=1)) as site:
        id = site.create(queue="sse-limit")
        with stream(site.http, "/api/events", queue="none"):
            for path in ("/api/events", f"/api/tasks/{id}/events"):
                reply = site.http.get(path)
                assert (reply.status_code, reply.json()["code"]) == (503, "too_many_streams")
                assert reply.headers["content-type"] == "application/problem+json"
                assert "retry-after" in reply.headers
        wait(lambda: len(site.service.streams) == 0)


def test_the_head_of_a_stream_is_no_stream(site: Site) -> None:
    reply = site.http.head("/api/events")
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
    wait(lambda: len(site.service.streams) == 0)


def test_pages_elsewhere_may_read_them_where_they_are_allowed(site: Site) -> None:
    with site.http.stream("GET", "/api/events", headers={"Origin": ORIGIN}) as reply:
        assert reply.headers["access-control-allow-origin"] == ORIGIN
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "last-event-id",
    }
    assert site.http.options("/api/events", headers=asked).status_code == 200


async def test_who_reads_slowly_loses_the_oldest_and_is_told() -> None:
    """He has a number and no buffer of his own: the events that are kept for all go past it."""
    feed, settings = MemoryFeed(), StreamSettings(events=500, events_at_once=50)
    recent = RecentEvents(lambda: feed, settings)
    await recent.open()
    slow = FilteredStream(recent, EventFilter(), None, lambda: None)
    event = an_event()
    for batch in range(20):
        await feed.emit([event._replace(at=batch * 50 + at) for at in range(50)])
        await recent.news(LONG)
    first, *rest = await slow.next(LONG)
    assert isinstance(first, EventGap)
    assert [type(item) for item in rest] == [TaskChange] * settings.events_at_once
    await recent.close()


def test_events_are_as_documented(site: Site) -> None:
    document = site.http.get("/api/openapi.json").json()
    reply = document["paths"]["/api/tasks/{id}/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    event = reply["schema"]["properties"]
    schema = event["data"]["contentSchema"] | {"components": document["components"]}
    id = site.create(queue="sse-documented")
    site.fail(id, '{"code":"exception","type":"ValueError","message":"no"}')
    with stream(site.http, f"/api/tasks/{id}/events", "0-0") as events:
        sent = list(events)
    assert steps(sent) == ["log", "failed", "end"]
    for one in sent:
        assert one.name in event["event"]["enum"]
        jsonschema_rs.validate(schema, one.data)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, {"state": "failed"})
