"""A token that is limited to queues or task types has nothing to do with other tasks."""

from typing import Any

import httpx
import pytest

from tests.access.conftest import ALL, by, make_token
from tests.faces.site import Site

SCOPES = [scope for scope in ALL if scope != "admin"]


@pytest.fixture(params=[{"queues": ["mine"]}, {"task_types": ["math"]}], ids=str)
def limited(request: pytest.FixtureRequest, shut: Site) -> httpx.Client:
    return by(shut, make_token(shut.http, "limited", SCOPES, **request.param))


def two(site: Site) -> tuple[str, str]:
    """One in reach of both, one out of reach of both."""
    inside = site.create(queue="mine")
    outside = site.create(task_type="order", parameters={"items": []}, queue="theirs")
    return inside, outside


def test_tasks_out_of_reach_are_not_there(shut: Site, limited: httpx.Client) -> None:
    inside, outside = two(shut)
    for path in ("", "/status", "/result", "/attempts", "/events"):
        with limited.stream("GET", f"/api/tasks/{outside}{path}") as reply:
            assert reply.status_code == 404, path
        with limited.stream("GET", f"/api/tasks/{inside}{path}") as reply:
            assert reply.status_code in (200, 202), path
    for change in ("cancel", "retry"):
        assert limited.post(f"/api/tasks/{outside}/{change}").status_code == 404
    assert limited.delete(f"/api/tasks/{outside}").status_code == 404
    assert limited.get(f"/tasks/{outside}").status_code == 404
    assert limited.patch(f"/tasks/{outside}", json={"name": "x"}).status_code == 404
    assert limited.get(f"/tasks/{inside}").status_code == 200
    assert [task["id"] for task in limited.get("/api/tasks").json()["tasks"]] == [inside]
    assert limited.get("/api/stats").status_code == 403


def test_bulk_actions_keep_within(shut: Site, limited: httpx.Client) -> None:
    inside, outside = two(shut)
    done = limited.post("/api/tasks/cancel", json={"all": True}).json()
    assert (done["matched"], done["done"]) == (1, 1)
    states = [shut.http.get(f"/api/tasks/{id}").json()["state"] for id in (inside, outside)]
    assert states == ["cancelled", "ready"]


def test_what_is_named_out_of_reach_is_refused_with_its_path(shut: Site, limited: httpx.Client) -> None:
    order: dict[str, Any] = {"task_type": "order", "parameters": {"items": []}}
    refused = [
        limited.post("/api/tasks", json=order),
        limited.get("/api/tasks", params={"queue": "theirs", "task_type": "order"}),
        limited.get("/api/events", params={"queue": "theirs", "task_type": "order"}),
        limited.post("/api/queues/theirs/pause"),
    ]
    assert [reply.status_code for reply in refused] == [403] * 4
    assert all(reply.json()["errors"][0]["path"] in ("$.queue", "$.task_type") for reply in refused[:3])
    batch = limited.post("/api/tasks/batch", json={"tasks": [order, {"task_type": "math", "queue": "mine"}]}).json()
    assert batch["results"][0]["problem"]["code"] == "forbidden"
    assert batch["results"][0]["problem"]["errors"][0]["path"].startswith("$.tasks[0].")


def test_the_key_of_a_task_out_of_reach_does_not_show_it(shut: Site, limited: httpx.Client) -> None:
    outside = shut.create(task_type="order", parameters={"items": []}, queue="theirs", key="k")
    expression = {"expression": "1"}
    mine = {"task_type": "math", "queue": "mine", "parameters": expression, "key": "k"}
    reply = limited.post("/api/tasks", json=mine)
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    assert outside not in reply.text


def test_lists_show_what_is_in_reach(shut: Site) -> None:
    two(shut)
    by_queue = by(shut, make_token(shut.http, "q", SCOPES, queues=["mine"]))
    by_type = by(shut, make_token(shut.http, "t", SCOPES, task_types=["math"]))
    assert [queue["name"] for queue in by_queue.get("/api/queues").json()["queues"]] == ["mine"]
    assert [one["name"] for one in by_type.get("/api/task-types").json()["task_types"]] == ["math"]
    assert by_type.get("/api/task-types/order").status_code == 404


def test_streams_of_many_keep_within(shut: Site, limited: httpx.Client) -> None:
    with limited.stream("GET", "/api/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        _, outside = two(shut)
        last = shut.create(queue="mine")
        seen = ""
        while last not in seen:
            seen += next(lines)
    assert outside not in seen
