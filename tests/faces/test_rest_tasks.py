"""One task over HTTP: created, read, waited for, cancelled, retried, deleted."""

import threading
import time
from datetime import UTC, datetime, timedelta

from taskmill.core.ids import uuid7
from taskmill.engine.duties.expire import end_expired
from taskmill.engine.notifier import Notifier
from taskmill.sdk.sync import run
from tests.faces.site import Site

MATH = {"task_type": "math", "parameters": {"expression": "1 + 2 * 5"}}


def test_create_answers_where_the_task_is(site: Site) -> None:
    reply = site.http.post("/api/tasks", json=MATH | {"priority": "high", "delay": 0})
    created = reply.json()
    assert reply.status_code == 201
    assert reply.headers["location"] == f"/api/tasks/{created['id']}"
    assert created == {
        "id": created["id"],
        "created": True,
        "state": "ready",
        "task_type": "math",
        "queue": "default",
    }
    assert site.http.get(reply.headers["location"]).json()["priority"] == "high"


def test_all_fields_are_kept(site: Site) -> None:
    fields = {
        "queue": "kept",
        "key": "kept-1",
        "tags": ["a", "b", "a"],
        "timeout": 2.5,
        "retries": 4,
        "priority": "low",
    }
    task = site.read(site.create(**fields))
    expected = fields | {"tags": ["a", "b"], "attempt_limit": 5, "state": "ready", "attempt": 0, "result": None}
    del expected["retries"]
    assert {name: task[name] for name in expected} == expected
    assert task["parameters"] == {"expression": "1 + 1"}


def test_what_is_not_given_comes_from_the_task_type(site: Site) -> None:
    task = site.read(site.create(task_type="order", parameters={"items": []}))
    given = (task["queue"], task["priority"], task["attempt_limit"], task["timeout"])
    assert given == ("shop", "high", 2, 30.0)


def test_delay_and_run_at(site: Site) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    later = site.read(site.create(delay=3600))
    fixed = site.read(site.create(run_at=at.isoformat()))
    past = site.read(site.create(run_at="2001-01-01T00:00:00+02:00"))
    assert later["state"] == fixed["state"] == "scheduled"
    assert datetime.fromisoformat(fixed["run_at"]) == at
    assert past["state"] == "ready"
    assert past["run_at"] == past["created_at"], "a time that has passed overtakes nobody"


def test_the_same_id_or_key_makes_no_second_task(site: Site) -> None:
    id = uuid7()
    first = site.http.post("/api/tasks", json=MATH | {"id": id.upper(), "key": "only-1"})
    again = site.http.post("/api/tasks", json=MATH | {"id": id})
    held = site.http.post("/api/tasks", json=MATH | {"key": "only-1"})
    assert [first.status_code, again.status_code, held.status_code] == [201, 200, 200]
    assert [reply.json()["id"] for reply in (first, again, held)] == [id, id, id]
    assert not again.json()["created"]
    site.succeed(id)
    assert site.http.post("/api/tasks", json=MATH | {"key": "only-1"}).status_code == 201, "the key is free again"


def test_result_when_done(site: Site) -> None:
    id = site.create()
    assert site.http.get(f"/api/tasks/{id}/result").status_code == 202
    site.succeed(id, '{"sum": 2}')
    reply = site.http.get(f"/api/tasks/{id}/result", params={"wait": 5})
    assert (reply.status_code, reply.json()["result"]) == (200, {"sum": 2})


def test_waiting_ends_with_the_task(site: Site) -> None:
    id = site.create()
    worker = threading.Timer(0.3, lambda: site.succeed(id))
    worker.start()
    started = time.monotonic()
    reply = site.http.get(f"/api/tasks/{id}/result", params={"wait": 15})
    worker.join()
    assert reply.json()["result"] == 2
    assert 0.25 < time.monotonic() - started < 5


def test_waiting_ends_in_time_with_the_state(site: Site) -> None:
    id = site.create()
    started = time.monotonic()
    reply = site.http.get(f"/api/tasks/{id}/result", params={"wait": 0.2})
    assert 0.2 <= time.monotonic() - started < 5
    assert (reply.status_code, reply.json()["state"]) == (202, "ready")


def test_a_failed_task_has_a_problem_for_a_result(site: Site) -> None:
    id = site.create()
    site.fail(id, '{"code": "exception", "type": "ValueError", "message": "no"}')
    reply = site.http.get(f"/api/tasks/{id}/result")
    assert (reply.status_code, reply.json()["code"]) == (409, "task_failed")
    assert reply.json()["error"] == {"code": "exception", "type": "ValueError", "message": "no"}


def test_an_expiry(site: Site) -> None:
    for expiry in ({"expires": 60}, {"expires_at": "2035-01-01T00:00:00Z"}):
        id = site.create(**expiry)
        assert site.http.get(f"/api/tasks/{id}").json()["expires_at"].startswith("20")
        site.start(id)
        assert site.http.get(f"/api/tasks/{id}").json()["expires_at"] is None
    id = site.create(expires=0.001)
    while not run(end_expired(Notifier(site.store))):
        pass
    reply = site.http.get(f"/api/tasks/{id}/result")
    assert (reply.status_code, reply.json()["code"], reply.json()["error"]["code"]) == (
        409,
        "task_cancelled",
        "expired",
    )


def test_a_cancelled_task_has_a_problem_for_a_result(site: Site) -> None:
    id = site.create()
    assert site.http.post(f"/api/tasks/{id}/cancel").json()["state"] == "cancelled"
    reply = site.http.get(f"/api/tasks/{id}/result")
    assert (reply.status_code, reply.json()["code"]) == (409, "task_cancelled")


def test_attempts(site: Site) -> None:
    id = site.create()
    site.fail(id, '{"code": "failed", "type": "X", "message": "m"}')
    assert site.http.post(f"/api/tasks/{id}/retry").json()["state"] == "ready"
    site.succeed(id)
    first, second = site.http.get(f"/api/tasks/{id}/attempts").json()["attempts"]
    assert (first["outcome"], first["error"]["message"]) == ("failed", "m")
    assert (second["outcome"], second["worker"], second["log"][0]["message"]) == ("succeeded", "worker-1", "hello")


def test_cancel_asks_a_running_task_to_stop(site: Site) -> None:
    id = site.create()
    site.start(id)
    reply = site.http.post(f"/api/tasks/{id}/cancel")
    assert (reply.status_code, reply.json()["state"], reply.json()["cancel_requested"]) == (202, "running", True)
    assert reply.json()["worker"] == "worker-1"


def test_what_the_state_does_not_allow_is_a_conflict(site: Site) -> None:
    id = site.create()
    for call in (site.http.post(f"/api/tasks/{id}/retry"), site.http.delete(f"/api/tasks/{id}")):
        assert (call.status_code, call.json()["code"]) == (409, "conflict")
    site.succeed(id)
    assert site.http.post(f"/api/tasks/{id}/cancel").status_code == 409


def test_delete(site: Site) -> None:
    id = site.create()
    site.succeed(id)
    reply = site.http.delete(f"/api/tasks/{id}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert site.http.get(f"/api/tasks/{id}").status_code == 404


def test_compatible_routes(site: Site) -> None:
    sent = site.http.post("/send", json={"message": "Manual CLI Task"})
    made = site.http.post("/tasks/", json={"name": "Process Data"})
    assert (sent.status_code, made.status_code) == (201, 201)
    assert site.read(sent.json()["id"])["parameters"] == {"message": "Manual CLI Task"}
    assert made.json() == {"id": made.json()["id"], "name": "Process Data", "status": "ready"}
    assert site.http.get(f"/tasks/{made.json()['id']}").json() == made.json()
    assert site.http.get(f"/tasks/{site.create()}").json()["name"] == "math"
