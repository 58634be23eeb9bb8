"""The status of a task: small, and from the cache of the live feed where there is one."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from taskmill.core.errors import FeedUnavailable
from taskmill.core.task import SECOND
from taskmill.engine.live.events import state_event
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.feeds.memory import MemoryFeed
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.sync import run
from taskmill.server.questions import answer
from taskmill.stores.contract import Beat
from tests.faces.events import stream
from tests.faces.site import Site, now, served


def test_status_is_small_and_says_who_knew(site: Site) -> None:
    id = site.create()
    ready = site.http.get(f"/api/tasks/{id}/status").json()
    assert ready == {"id": id, "state": "ready", "progress": None, "attempt": 0, "version": 1, "from": "store"}
    site.start(id)
    beat = Beat(id, 2, '{"fraction":0.5,"note":""}')
    assert run(site.store.extend("worker-1", [beat], 60 * SECOND)) == []
    running = site.http.get(f"/api/tasks/{id}/status").json()
    assert (running["state"], running["progress"]["fraction"], running["attempt"]) == ("running", 0.5, 1)


@pytest.fixture
def cached() -> Iterator[tuple[Site, MemoryFeed]]:
    """A server with a live feed that remembers."""
    opened = Backend(ConnectionSettings("memory://"), "loop")
    opened.feed = feed = MemoryFeed()
    with served(opened, opened.store) as site:
        yield site, feed


def test_the_cache_answers_before_the_store(cached: tuple[Site, MemoryFeed]) -> None:
    site, feed = cached
    id = site.create()
    assert site.http.get(f"/api/tasks/{id}/status").json()["from"] == "store"
    assert site.http.get(f"/api/tasks/{id}/status").json()["from"] == "cache"
    running = state_event(site.start(id), now(site.store))
    run(feed.remember([running._replace(kind="progress", progress='{"fraction":0.5,"note":"x"}')]))
    answer = site.http.get(f"/api/tasks/{id}/status").json()
    assert (answer["from"], answer["state"], answer["progress"]["note"]) == ("cache", "running", "x")


def test_a_final_state_that_was_seen_in_the_store_is_never_answered_older(cached: tuple[Site, MemoryFeed]) -> None:
    site, feed = cached
    id = site.create()
    run(feed.remember([state_event(run(site.store.get([id]))[id], now(site.store))]))
    site.succeed(id)
    assert site.http.get(f"/api/tasks/{id}/status").json()["state"] == "ready"  # whose event was lost
    assert site.read(id)["state"] == "succeeded"
    answer = site.http.get(f"/api/tasks/{id}/status").json()
    assert (answer["from"], answer["state"]) == ("store", "succeeded")
    assert site.http.get(f"/api/tasks/{id}/status").json()["from"] == "cache"


def test_questions_over_a_feed_are_answered_as_json(cached: tuple[Site, MemoryFeed]) -> None:
    site, _ = cached
    id = site.create()

    def ask(question: str) -> Any:
        return json.loads(asyncio.run(answer(site.service, question.encode())))

    assert ask(json.dumps({"id": id}))["state"] == "ready"
    assert ask(json.dumps({"id": "nonsense"}))["code"] == "not_found"
    assert ask(json.dumps({"id": str(uuid4())}))["code"] == "not_found"
    assert ask("{")["code"] == "invalid_json"
    assert ask('{"name": 1}')["code"] == "invalid_json"


def test_a_feed_that_is_away_costs_only_time() -> None:
    opened = Backend(ConnectionSettings("memory://"), "loop")
    opened.feed = feed = MemoryFeed()

    async def watch(where: EventFilter) -> Subscription:
        raise FeedUnavailable("the live feed is away")

    feed.watch = watch  # type: ignore[method-assign]
    with served(opened, opened.store) as site:
        reply = site.http.get("/api/events")
        assert (reply.status_code, reply.json()["code"]) == (503, "feed_unavailable")
        id = site.create()
        with stream(site.http, f"/api/tasks/{id}/events") as events:
            assert next(events).data["state"] == "ready"
            site.succeed(id)
            assert [event.name for event in events][-1] == "end"
