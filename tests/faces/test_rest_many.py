"""Batches, bulk actions, and requests that are sent twice."""

from typing import Any

import pytest

from taskmill.core.ids import uuid7
from tests.faces.site import Site

MATH: dict[str, Any] = {"task_type": "math", "parameters": {"expression": "1"}}


def many(site: Site, tasks: Any, status: int, **headers: str) -> Any:
    reply = site.http.post("/api/tasks/batch", json={"tasks": tasks}, headers=headers)
    assert reply.status_code == status, reply.text
    return reply.json()


def bulk(site: Site, action: str, **where: Any) -> Any:
    reply = site.http.post(f"/api/tasks/{action}", json=where)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_batch_stores_what_is_right_and_names_what_is_wrong(site: Site) -> None:
    id = uuid7()
    wrong = MATH | {"parameters": {"expresion": "1"}}
    tasks = [MATH, wrong, MATH | {"id": id}, {"task_type": "nope"}, MATH | {"id": id}, MATH | {"prio": 1}, 7]
    answer = many(site, tasks, 207)
    assert (answer["created"], answer["existing"], answer["refused"]) == (2, 1, 4)
    results = answer["results"]
    assert [result["index"] for result in results] == list(range(7))
    assert results[1]["problem"]["errors"][0]["path"] == "$.tasks[1].parameters.expresion"
    assert results[3]["problem"]["code"] == "unknown_task_type"
    assert results[4]["task"] == {**results[2]["task"], "created": False}
    assert results[5]["problem"]["errors"][0]["path"] == "$.tasks[5].prio"
    assert results[6]["problem"]["errors"][0]["path"] == "$.tasks[6]"
    assert site.read(results[0]["task"]["id"])["state"] == "ready"


def test_batches_are_bounded(site: Site) -> None:
    assert many(site, [], 200)["results"] == []
    found = many(site, [1] * 10_001, 422)
    assert found["errors"] == [{"path": "$.tasks", "message": "holds more than 10000 tasks, which is the most"}]


def test_broken_items(site: Site) -> None:
    def send(items: bytes) -> Any:
        headers = {"content-type": "application/json"}
        return site.http.post("/api/tasks/batch", content=b'{"tasks":[%s]}' % items, headers=headers)

    deep = b'{"task_type":"order","parameters":{"items":%s%s}}' % (b"[" * 10_000, b"]" * 10_000)
    assert send(deep).json()["code"] == "invalid_json"
    [result] = send(b'{"task_type":"\xff"}').json()["results"]
    assert result["problem"]["code"] == "invalid_json"


def test_a_full_batch(site: Site) -> None:
    answer = many(site, [MATH | {"queue": "full"}] * 10_000, 200)
    assert answer["created"] == 10_000
    assert len({result["task"]["id"] for result in answer["results"]}) == 10_000


def test_a_batch_sent_twice_with_a_key_stores_once(site: Site) -> None:
    tasks = [MATH, {"task_type": "nope"}, MATH | {"queue": "twice"}]
    first = many(site, tasks, 207, **{"Idempotency-Key": "batch-1"})
    again = many(site, tasks, 207, **{"Idempotency-Key": "batch-1"})
    assert (first["created"], again["created"], again["existing"]) == (2, 0, 2)
    assert [r["task"]["id"] for r in first["results"] if "task" in r] == [
        r["task"]["id"] for r in again["results"] if "task" in r
    ]
    other = many(site, [MATH | {"queue": "other"}], 207, **{"Idempotency-Key": "batch-1"})
    assert other["results"][0]["problem"]["code"] == "idempotency_mismatch"


def test_a_request_sent_twice_with_a_key_stores_once(site: Site) -> None:
    def send(**fields: Any) -> Any:
        return site.http.post("/api/tasks", json=MATH | fields, headers={"Idempotency-Key": "once-1"})

    first, again = send(tags=["a"]), send(tags=["a"])
    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json()["id"] == again.json()["id"]
    for other in (
        {"tags": ["b"]},
        {"tags": ["a"], "priority": "low"},
        {"tags": ["a"], "parameters": {"expression": "2"}},
    ):
        reply = send(**other)
        assert (reply.status_code, reply.json()["code"]) == (422, "idempotency_mismatch")
    site.succeed(first.json()["id"])
    assert send(tags=["a"]).json()["state"] == "succeeded"


@pytest.mark.parametrize("key", [b"", b"x" * 257, "é".encode("latin-1"), b"a\tb"])
def test_a_wrong_idempotency_key_is_refused(site: Site, key: bytes) -> None:
    reply = site.http.post("/api/tasks", json=MATH, headers={b"Idempotency-Key": key})
    assert (reply.status_code, reply.json()["errors"][0]["path"]) == (422, "header Idempotency-Key")


def test_an_own_id_and_an_idempotency_key_exclude_each_other(site: Site) -> None:
    reply = site.http.post("/api/tasks", json=MATH | {"id": uuid7()}, headers={"Idempotency-Key": "both"})
    assert (reply.status_code, reply.json()["errors"][0]["path"]) == (422, "$.id")


def test_bulk_cancel_counts_first_and_then_acts(site: Site) -> None:
    waiting = [site.create(queue="bulk"), site.create(queue="bulk", delay=60)]
    running, done = site.create(queue="bulk"), site.create(queue="bulk")
    site.start(running)
    site.succeed(done)
    dry = bulk(site, "cancel", queue="bulk", dry_run=True)
    assert dry == {"matched": 3, "done": 0, "dry_run": True, "refused": []}
    assert [site.read(id)["state"] for id in waiting] == ["ready", "scheduled"]
    assert bulk(site, "cancel", queue="bulk") == {"matched": 3, "done": 3, "dry_run": False, "refused": []}
    assert [site.read(id)["state"] for id in waiting] == ["cancelled", "cancelled"]
    assert site.read(running)["cancel_requested"]
    assert site.read(done)["state"] == "succeeded"


def test_bulk_retry_takes_the_failed_unless_told_otherwise(site: Site) -> None:
    failed, done = site.create(tags=["again"]), site.create(tags=["again"])
    site.fail(failed, '{"code": "failed", "type": "X", "message": "m"}')
    site.succeed(done)
    assert bulk(site, "retry", tag="again")["done"] == 1
    assert [site.read(id)["state"] for id in (failed, done)] == ["ready", "succeeded"]
    assert bulk(site, "retry", tag=["again"], state=["succeeded"])["done"] == 1
    assert site.read(done)["state"] == "ready"


def test_bulk_tells_what_it_left(site: Site) -> None:
    id = site.create(queue="left")
    answer = bulk(site, "retry", queue="left", state="ready")
    assert (answer["matched"], answer["done"]) == (1, 0)
    assert answer["refused"] == [{"id": id, "reason": "a ready task does not allow 'retry'"}]


@pytest.mark.parametrize("action", ["cancel", "retry", "delete"])
def test_an_empty_filter_must_be_meant(site: Site, action: str) -> None:
    bodies: list[dict[str, Any]] = [{}, {"dry_run": True}, {"state": []}]
    for body in bodies:
        reply = site.http.post(f"/api/tasks/{action}", json=body)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
        assert '"all": true' in reply.json()["hint"]
    assert bulk(site, action, all=True, dry_run=True)["dry_run"]


def test_bulk_delete_takes_final_tasks_alone(site: Site) -> None:
    ended, waiting = [site.create(queue="bulk-delete") for _ in range(2)], site.create(queue="bulk-delete")
    for id in ended:
        site.http.post(f"/api/tasks/{id}/cancel")
    dry = bulk(site, "delete", queue="bulk-delete", dry_run=True)
    assert dry == {"matched": 2, "done": 0, "dry_run": True, "refused": []}
    assert bulk(site, "delete", queue="bulk-delete")["done"] == 2
    assert [site.http.get(f"/api/tasks/{id}").status_code for id in [*ended, waiting]] == [404, 404, 200]
    refused = bulk(site, "delete", queue="bulk-delete", state="ready")
    reason = "a ready task cannot be deleted; cancel it first"
    assert refused == {"matched": 1, "done": 0, "dry_run": False, "refused": [{"id": waiting, "reason": reason}]}
