"""Every change by anybody is one line of the audit, and no change of a line goes unseen."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from taskmill.sdk.sync import run
from taskmill.service.permissions import PERMISSIONS
from tests.access.conftest import PASSWORD, by, logged_in, make_token
from tests.cli.conftest import call_real
from tests.faces.site import Site, site

SECRET = "s3cret-word"


def lines(site: Site, **where: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.http.get("/api/audit", params=where).json()["lines"]
    return found


def test_every_change_is_a_line(open_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each method that changes something, called once over REST."""
    monkeypatch.chdir(tmp_path)  # where files are uploaded to
    http = open_site.http
    order = {"task_type": "order", "parameters": {"items": [{"name": SECRET}]}}
    ids = [open_site.create(**order) for _ in range(3)]
    number = http.post("/tasks", json={"name": "one"}).json()["id"]
    http.post("/api/tasks/batch", json={"tasks": [order, order]})
    http.post(f"/api/tasks/{ids[0]}/cancel")
    http.post(f"/api/tasks/{ids[0]}/retry")
    http.post(f"/api/tasks/{ids[0]}/cancel")
    http.delete(f"/api/tasks/{ids[0]}")
    http.patch(f"/tasks/{number}", json={"name": SECRET})
    http.delete(f"/tasks/{number}")
    for action in ("cancel", "retry", "cancel", "delete"):
        assert http.post(f"/api/tasks/{action}", json={"task_type": "order", "state": _of(action)}).json()["done"] == 4
    http.post("/api/queues/q/pause")
    http.post("/api/queues/q/resume")
    http.put("/api/uploads/a.csv", content=b"a")
    http.delete("/api/uploads/a.csv")
    made = http.post("/api/tokens", json={"name": "t", "scopes": ["admin"]}).json()
    http.headers["Authorization"] = f"Bearer {made['token']}"
    http.post("/api/users", json={"name": "ada", "password": PASSWORD, "role": "admin"})
    http.post("/api/users", json={"name": "bob", "password": PASSWORD})
    http.patch("/api/users/bob", json={"payloads": False})
    logged_in(open_site, "bob")
    [session] = http.get("/api/sessions").json()["sessions"]
    http.delete(f"/api/sessions/{session['id']}")
    http.delete("/api/users/bob")
    logged_in(open_site, "ada").post("/api/logout")
    http.post("/api/tokens", json={"name": "u", "scopes": ["read"]})
    http.delete("/api/tokens/u")
    found = lines(open_site, limit=500)
    done = {line["action"] for line in found if line["outcome"] == "done"}
    uploads = {"uploads.take_in", "uploads.delete"}
    assert done - uploads == {name for name, row in PERMISSIONS.items() if row.changes} - uploads | {"login", "logout"}
    assert SECRET not in json.dumps(found)
    assert PASSWORD not in json.dumps(found)
    assert [line["number"] for line in found] == list(range(len(found), 0, -1))
    [bulk] = [line for line in found if line["action"] == "retry_matching"]
    assert (bulk["affected"], json.loads(bulk["target"])) == (4, {"task_type": "order", "state": "cancelled"})
    assert bulk["face"] == "rest"
    assert bulk["address"] == "127.0.0.1"
    assert {line["who"] for line in found} == {"local", "token:t", "user:ada", "user:bob"}


def _of(action: str) -> str:
    return "ready" if action == "cancel" else "cancelled"


def test_what_is_refused_is_a_line_too_and_what_changes_nothing_is_none(shut: Site) -> None:
    id = shut.create()
    viewer = by(shut, make_token(shut.http, "viewer", ["read"]))
    before = len(lines(shut, limit=500))
    assert viewer.post(f"/api/tasks/{id}/cancel").status_code == 403
    shut.http.post("/api/tasks/cancel", json={"all": True, "dry_run": True})
    shut.http.post("/api/tasks", json={"task_type": "math"})
    shut.http.post("/api/tasks", json={"task_type": "math", "parameters": {"expression": "1 + 1"}, "id": id})
    shut.http.post("/api/tasks/01a2015b-acf3-7ed7-ad4d-7245a1597141/cancel")
    found = lines(shut, limit=500)
    assert len(found) == before + 1
    assert [found[0][name] for name in ("who", "action", "target", "affected", "outcome")] == [
        "token:viewer",
        "cancel",
        id,
        0,
        "forbidden",
    ]


def test_pages_and_filters(shut: Site) -> None:
    for number in range(5):
        shut.http.post(f"/api/queues/q{number}/pause")
    first = shut.http.get("/api/audit", params={"limit": 2, "action": "pause"}).json()
    second = shut.http.get("/api/audit", params={"limit": 2, "action": "pause", "cursor": first["next_cursor"]}).json()
    numbers = [line["number"] for page in (first, second) for line in page["lines"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 4
    assert lines(shut, who="nobody") == []
    assert shut.http.get("/api/audit", params={"limit": 0}).status_code == 422
    assert shut.http.get("/api/audit", params={"after": "yesterday"}).status_code == 422


def test_tasks_that_one_caller_makes_are_a_line_together(shut: Site) -> None:
    for _ in range(5):
        shut.create()
    with by(shut, make_token(shut.http, "other", ["submit"])) as other:
        made = other.post("/api/tasks", json={"task_type": "math", "parameters": {"expression": "1"}}).json()["id"]
    found = lines(shut, action="create")
    assert sum(line["affected"] for line in found if line["who"] == "token:all") == 5
    [one] = [line for line in found if line["who"] == "token:other"]
    assert (one["affected"], one["target"]) == (1, made)


def test_a_line_is_written_when_the_server_stops(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/t.db"
    with site(store) as opened:
        opened.create()
    assert "create" in call_real("audit", "--store", store, cwd=tmp_path).stdout


TAMPERING = {
    "one changed": ("UPDATE audit SET who = 'nobody' WHERE number = 2", None, "line 2 is not what it was"),
    "one taken out": ("DELETE FROM audit WHERE number = 3", None, "line 3 is missing"),
    "the first taken out": ("DELETE FROM audit WHERE number = 1", None, "line 1 is missing"),
    "the last taken out": ("DELETE FROM audit WHERE number = 5", True, "line 5 is missing"),
    "all purged": ("DELETE FROM audit", True, "line 5 is missing"),
    "all made anew": ("UPDATE audit SET hash = 'x' WHERE number = 5", True, "line 5 is not"),
}


@pytest.mark.parametrize(("statement", "known", "why"), TAMPERING.values(), ids=TAMPERING)
def test_a_chain_that_was_tampered_with_is_found(tmp_path: Path, statement: str, known: bool | None, why: str) -> None:
    store = f"sqlite:///{tmp_path}/t.db"
    with site(store) as opened:
        for number in range(5):
            opened.http.post(f"/api/queues/q{number}/pause")
    verify = ["audit", "verify", "--json", "--store", store]
    intact = json.loads(call_real(*verify, cwd=tmp_path).stdout)
    assert (intact["intact"], intact["lines"]) == (True, 5)
    with closing(apsw.Connection(f"{tmp_path}/t.db")) as connection:
        connection.execute(statement)
    found = call_real(*verify, *(["--known", intact["end"]] if known else []), cwd=tmp_path)
    assert (found.returncode, json.loads(found.stdout)["intact"]) == (1, False)
    assert why in json.loads(found.stdout)["why"]


def test_what_was_purged_by_the_rules_leaves_a_chain(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/t.db"
    with site(store) as opened:
        for number in range(5):
            opened.http.post(f"/api/queues/q{number}/pause")
        end = json.loads(call_real("audit", "verify", "--json", "--store", store, cwd=tmp_path).stdout)["end"]
        run(opened.store.purge_audit(2**60, 3))
    for known in ([], ["--known", end]):
        found = call_real("audit", "verify", "--json", "--store", store, *known, cwd=tmp_path)
        assert json.loads(found.stdout) == {"intact": True, "why": None, "lines": 2, "end": end}
