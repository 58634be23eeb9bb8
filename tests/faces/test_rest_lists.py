"""Lists: filters, pages that stay right while tasks are added, and refusals."""

from typing import Any

import pytest

from tests.faces.site import Site


def ids(site: Site, **query: Any) -> list[str]:
    reply = site.http.get("/api/tasks", params=query)
    assert reply.status_code == 200, reply.text
    return [task["id"] for task in reply.json()["tasks"]]


def test_filters(site: Site) -> None:
    low = site.create(queue="filters", priority="low", tags=["red", "big"], key="f-1")
    order = site.create(queue="filters", task_type="order", parameters={"items": []}, tags=["red"])
    later = site.create(queue="filters-2", delay=100)
    both = {"queue": ["filters", "filters-2"]}
    assert ids(site, queue="filters") == [order, low], "newest first"
    assert ids(site, **both) == [later, order, low]
    assert ids(site, **both, state="scheduled") == [later]
    assert ids(site, **both, state=["ready", "running"]) == [order, low]
    assert ids(site, **both, task_type="order") == [order]
    assert ids(site, **both, priority="low") == [low]
    assert ids(site, **both, tag=["red", "big"]) == [low]
    assert ids(site, key="f-1") == [low]
    assert ids(site, queue="filters", created_after=site.read(low)["created_at"]) == [order]
    assert ids(site, queue="filters", created_before=site.read(order)["created_at"]) == [low]


def test_pages_stay_right_while_tasks_are_added(site: Site) -> None:
    before = [site.create(queue="paged") for _ in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, str | int] = {"queue": "paged", "limit": 3}
        query |= {} if cursor is None else {"cursor": cursor}
        page = site.http.get("/api/tasks", params=query).json()
        seen += [task["id"] for task in page["tasks"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        site.create(queue="paged")
    assert seen == before[::-1]


def test_lists_leave_out_what_may_be_large(site: Site) -> None:
    site.create(queue="summary")
    [task] = site.http.get("/api/tasks?queue=summary").json()["tasks"]
    assert "parameters" not in task
    assert "result" not in task


REFUSED = [
    ("state=redy", "$.state", "'redy' is not one of waiting"),
    ("state=ready,running", "$.state", "is not one of"),
    ("priority=1", "$.priority", "high, normal, low"),
    ("limit=0", "$.limit", "1 to 500"),
    ("limit=501", "$.limit", "1 to 500"),
    ("limit=many", "$.limit", "expected"),
    ("limit=1&limit=2", "$.limit", "twice"),
    ("created_after=2026-01-01", "$.created_after", "offset"),
    ("queue=%00", "$.queue", "printable"),
    ("queue=" + "&queue=".join(map(str, range(101))), "$.queue", "at most 100"),
    ("colour=red", "$.colour", "not a known field"),
    ("statee=ready", "$.statee", "did you mean state?"),
]


@pytest.mark.parametrize(("query", "path", "message"), REFUSED, ids=lambda value: value[:20])
def test_a_wrong_condition_is_named(site: Site, query: str, path: str, message: str) -> None:
    reply = site.http.get(f"/api/tasks?{query}")
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
    [error] = reply.json()["errors"]
    assert error["path"] == path
    assert message in error["message"]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=", "cursor=-1e9", "queue=%ff", "cursor=%00"])
def test_a_wrong_cursor_or_encoding_is_refused(site: Site, query: str) -> None:
    reply = site.http.get(f"/api/tasks?{query}")
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")


def test_key_null_is_a_key(site: Site) -> None:
    id = site.create(key="null")
    assert ids(site, key="null") == [id]
