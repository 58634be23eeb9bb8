"""Queues, workers, task types, stats, health; and which callers are let in."""

import json
import time
from typing import Any

import pytest

from taskmill.core.task import SECOND
from taskmill.sdk.sync import run
from taskmill.stores.contract import ClaimQuery, TaskTypeRow, WorkerRow
from tests.faces.site import ORDER, ORIGIN, Site, now


def worker(id: str, at: int = 0) -> WorkerRow:
    return WorkerRow(id, "host-1", 42, at, at, json.dumps(["mail"]), 16, 3, "0.1.0")


def test_pause_and_resume_a_queue(site: Site) -> None:
    id = site.create(queue="a/b c")
    assert site.http.post("/api/queues/a%2Fb%20c/pause").json() == {"name": "a/b c", "paused": True}
    queues = {queue["name"]: queue for queue in site.http.get("/api/queues").json()["queues"]}
    assert queues["a/b c"] == {"name": "a/b c", "paused": True, "ready": 1, "running": 0, "scheduled": 0}
    assert run(site.store.claim("worker-1", SECOND, ClaimQuery(10, ids=[id]))) == []
    assert site.http.post("/api/queues/a%2Fb%20c/resume").json()["paused"] is False
    site.start(id)


def test_a_queue_needs_a_name(site: Site) -> None:
    assert site.http.post(f"/api/queues/{'q' * 129}/pause").status_code == 422
    assert site.http.post("/api/queues/%0A/pause").status_code == 422


def test_ready_means_that_a_worker_lives(site: Site) -> None:
    reply = site.http.get("/readyz")
    assert (reply.status_code, reply.json()["code"]) == (503, "not_ready")
    assert reply.json()["errors"][0]["path"] == "workers"
    assert "retry-after" in reply.headers
    run(site.store.put_worker(worker("w-1", now(site.store))))
    ready = site.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"can_store": True, "can_claim": True, "why": []})
    [seen] = site.http.get("/api/workers").json()["workers"]
    assert (seen["id"], seen["alive"], seen["queues"], seen["running"]) == ("w-1", True, ["mail"], 3)
    run(site.store.drop_worker("w-1"))


def test_task_types_come_with_schema_and_example(site: Site) -> None:
    names = [task_type["name"] for task_type in site.http.get("/api/task-types").json()["task_types"]]
    assert {"math", "message", "order", "sleep"} <= set(names)
    order = site.http.get("/api/task-types/order").json()
    assert order["schema"] == json.loads(ORDER.schema)
    assert (order["example"], order["attempt_limit"], order["timeout"]) == ({"items": [{"name": None}]}, 2, 30.0)
    unknown = site.http.get("/api/task-types/ordr")
    assert (unknown.status_code, unknown.json()["hint"]) == (404, "did you mean order?")


def test_a_task_type_registered_a_moment_ago_is_known(site: Site) -> None:
    assert site.http.post("/api/tasks", json={"task_type": "fresh"}).status_code == 422
    run(site.store.put_task_types([TaskTypeRow("fresh", "default", "{}", "", "{}", now(site.store))]))
    assert site.http.post("/api/tasks", json={"task_type": "fresh", "parameters": {"any": 1}}).status_code == 201


def test_a_schema_that_changed_counts_within_seconds(site: Site) -> None:
    row = TaskTypeRow("strict", "default", "{}", "", "{}", now(site.store))
    run(site.store.put_task_types([row]))
    body = {"task_type": "strict", "parameters": {"a": 1}}
    assert site.http.post("/api/tasks", json=body).status_code == 201
    run(site.store.put_task_types([row._replace(schema='{"properties": {"a": {"type": "string"}}}')]))
    until = time.monotonic() + 5
    while site.http.post("/api/tasks", json=body).status_code != 422:
        assert time.monotonic() < until


def test_an_unusable_schema_refuses_nothing(site: Site) -> None:
    schema = '{"properties": {"a": {"$ref": "http://127.0.0.1:1/schema"}}}'
    run(site.store.put_task_types([TaskTypeRow("odd", "default", schema, "", "{}", now(site.store))]))
    assert site.http.post("/api/tasks", json={"task_type": "odd", "parameters": {"a": 1}}).status_code == 201
    assert site.http.get("/api/task-types/odd").status_code == 200


def test_stats(site: Site) -> None:
    before = site.http.get("/api/stats").json()
    site.create(delay=60)
    after = site.http.get("/api/stats").json()
    assert after["states"]["scheduled"] == before["states"]["scheduled"] + 1
    assert after["total"] == before["total"] + 1 == sum(after["states"].values())


def test_health_and_links(site: Site) -> None:
    assert site.http.get("/healthz").json() == {"status": "ok"}
    links = site.http.get("/").json()
    for name in ("tasks", "task_types", "queues", "workers", "stats", "openapi"):
        assert site.http.get(links[name]).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::2]", ""])
def test_a_foreign_host_name_is_refused(site: Site, host: str) -> None:
    reply = site.http.get("/api/tasks", headers={"host": host})
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000", "[::1]"])
def test_names_of_the_loopback_are_let_in(site: Site, host: str) -> None:
    assert site.http.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example", "http://localhost:1"])
def test_pages_elsewhere_may_not_change_anything(site: Site, origin: str) -> None:
    reply = site.http.post("/api/queues/q/pause", headers={"origin": origin})
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden_origin")


def test_pages_of_this_server_and_of_the_setting_may(site: Site) -> None:
    own = str(site.http.base_url).rstrip("/")
    for origin in (own, ORIGIN):
        assert site.http.post("/api/queues/q/pause", headers={"origin": origin}).status_code == 200


def test_cross_origin_reading_is_by_setting(site: Site) -> None:
    def allowed(origin: str, **more: Any) -> str | None:
        reply = site.http.request(more.pop("method", "GET"), "/api/tasks", headers={"origin": origin, **more})
        found: str | None = reply.headers.get("access-control-allow-origin")
        return found

    preflight = {"method": "OPTIONS", "access-control-request-method": "POST"}
    assert allowed(ORIGIN) == ORIGIN
    assert allowed(ORIGIN, **preflight) == ORIGIN
    assert allowed("https://evil.example") is None
    assert allowed("https://evil.example", **preflight) is None
