"""The short routes: tasks with a number and a name; created, read, renamed and taken out."""

from typing import Any

import apsw
import pytest

from taskmill.core.state import State
from tests.faces.site import Site


def create(site: Site, name: str = "Process Data") -> Any:
    reply = site.http.post("/tasks", json={"name": name})
    assert reply.status_code == 201
    assert reply.headers["location"] == f"/tasks/{reply.json()['id']}"
    return reply.json() | {"task_id": uuid_of(reply)}


def uuid_of(reply: Any) -> str:
    return str(reply.links["describedby"]["url"]).removeprefix("/api/tasks/")


def shown(site: Site, number: Any) -> Any:
    reply = site.http.get(f"/tasks/{number}")
    assert reply.status_code == 200
    return reply.json() | {"task_id": uuid_of(reply)}


def code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def test_numbers_count_on(site: Site) -> None:
    first, second = create(site, "one"), create(site, "two")
    assert second["id"] == first["id"] + 1
    assert first == {"id": first["id"], "name": "one", "status": "ready", "task_id": first["task_id"]}
    assert site.read(second["task_id"])["parameters"] == {"message": "two"}


def test_a_number_or_a_uuid_names_a_task(site: Site) -> None:
    made = create(site)
    assert shown(site, made["id"]) == shown(site, made["task_id"]) == made
    other = site.http.get(f"/tasks/{site.create()}").json()
    assert (other["id"], other["name"]) == (None, "math")


@pytest.mark.parametrize(
    "number", ["0", "-1", "9" * 18, "9" * 40, "nonsense", "1.0", "%20", "b7700058-0b7a-4410-8307-14ab5a490d95"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_what_is_not_there(site: Site, method: str, number: str) -> None:
    body = {"name": "x"} if method in ("PUT", "PATCH") else None
    assert code(site.http.request(method, f"/tasks/{number}", json=body)) == (404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("by", ["id", "task_id"])
def test_one_that_waits_is_renamed(site: Site, method: str, by: str) -> None:
    made = create(site, "before")
    reply = site.http.request(method, f"/tasks/{made[by]}", json={"name": "after"})
    assert (reply.status_code, reply.json()) == (200, {"id": made["id"], "name": "after", "status": "ready"})
    assert site.start(made["task_id"]).spec.parameters == '{"message":"after"}', "a worker gets the new one"


def test_one_that_runs_or_ended_keeps_its_name(site: Site) -> None:
    made = create(site)
    site.start(made["task_id"])
    assert code(site.http.put(f"/tasks/{made['id']}", json={"name": "x"})) == (409, "conflict")
    ended = create(site)
    site.succeed(ended["task_id"])
    assert code(site.http.patch(f"/tasks/{ended['id']}", json={"name": "x"})) == (409, "conflict")
    assert code(site.http.patch(f"/tasks/{site.create()}", json={"name": "x"})) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [({}, "invalid_request"), ({"nmae": "x"}, "invalid_request"), ({"name": "x" * 10_001}, "invalid_parameters")],
)
def test_a_wrong_name_is_refused(site: Site, body: Any, wrong: str) -> None:
    made = create(site)
    for reply in (site.http.put(f"/tasks/{made['id']}", json=body), site.http.post("/tasks", json=body)):
        assert code(reply) == (422, wrong)
    assert shown(site, made["id"]) == made


def test_one_that_waits_or_ended_is_taken_out(site: Site) -> None:
    waits, ended, runs = create(site), create(site), create(site)
    site.succeed(ended["task_id"])
    site.start(runs["task_id"])
    for made in (waits, ended):
        assert site.http.delete(f"/tasks/{made['id']}").status_code == 204
        assert code(site.http.get(f"/tasks/{made['id']}")) == (404, "not_found")
        assert code(site.http.get(f"/api/tasks/{made['task_id']}")) == (404, "not_found")
    assert code(site.http.delete(f"/tasks/{runs['id']}")) == (409, "conflict")
    assert site.read(runs["task_id"])["state"] == State.RUNNING
    assert not site.read(runs["task_id"])["cancel_requested"]
    assert create(site)["id"] > runs["id"], "a number is not given again"


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_a_sql_client_shows_them(site: Site) -> None:
    made = create(site, "readable")
    connection = apsw.Connection(site.store.location, flags=apsw.SQLITE_OPEN_READONLY)
    row = connection.execute("SELECT id, name, status, task_id FROM numbered_task WHERE id = ?", (made["id"],)).get
    connection.close()
    assert row == (made["id"], "readable", "ready", made["task_id"])
