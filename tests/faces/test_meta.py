"""What is said about a task beside its parameters, through REST, the command line and Python."""

import json
from pathlib import Path
from typing import Any

import pytest

from taskmill import App, InvalidRequest
from tests.cli.conftest import call_real
from tests.faces.site import Site, site

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_pairs_are_kept_and_found(site: Site) -> None:
    first = site.create(meta={"customer": 42, "plan": "gold", "trial": True})
    second = site.create(meta={"customer": "42"})
    other = site.create(meta={"customer": 43})
    site.create()
    task = site.http.get(f"/api/tasks/{first}").json()
    origin = {"who": "local", "face": "rest"}
    assert task["meta"] == {"customer": 42, "plan": "gold", "trial": True, "origin": origin}
    found = site.http.get("/api/tasks", params={"meta.customer": "42"}).json()["tasks"]
    assert [task["id"] for task in found] == [second, first]
    assert site.http.get("/api/tasks", params={"meta.trial": "true"}).json()["tasks"][0]["id"] == first
    done = site.http.post("/api/tasks/cancel", json={"meta": {"customer": 43}}).json()
    assert (done["matched"], done["done"]) == (1, 1)
    assert site.http.get(f"/api/tasks/{other}").json()["state"] == "cancelled"


def test_a_trace_goes_along(site: Site) -> None:
    body = {"task_type": "math", "parameters": {"expression": "1"}}
    by_header = site.http.post("/api/tasks", json=body, headers={"traceparent": TRACE}).json()["id"]
    assert site.http.get(f"/api/tasks/{by_header}").json()["meta"]["traceparent"] == TRACE
    bad = site.http.post("/api/tasks", json=body, headers={"traceparent": "00-nonsense"}).json()["id"]
    assert "traceparent" not in site.http.get(f"/api/tasks/{bad}").json()["meta"]


WRONG: dict[str, dict[str, Any]] = {
    "$.meta.origin": {"origin": "user:admin"},
    "$.meta.traceparent": {"traceparent": "x"},
    "$.meta.a b": {"a b": 1},
    "$.meta.deep": {"deep": "line\nbreak"},
    "$.meta": {f"n{number}": "x" * 300 for number in range(40)},
}


@pytest.mark.parametrize(("path", "meta"), WRONG.items(), ids=WRONG)
def test_what_cannot_be_said_is_refused_with_its_path(site: Site, path: str, meta: dict[str, Any]) -> None:
    reply = site.http.post("/api/tasks", json={"task_type": "math", "parameters": {"expression": "1"}, "meta": meta})
    assert (reply.status_code, reply.json()["errors"][0]["path"]) == (422, path)


@pytest.mark.parametrize("query", [{"meta.a": "1", "meta.b": "2"}, {"meta.origin": "x"}, {"meta": "x"}, {"meta.": "x"}])
def test_a_filter_is_one_pair(site: Site, query: dict[str, str]) -> None:
    assert site.http.get("/api/tasks", params=query).status_code == 422
    assert site.http.get("/api/audit", params={"meta.a": "1"}).status_code == 422


def test_the_same_key_with_other_pairs_is_refused(site: Site) -> None:
    body = {"task_type": "math", "parameters": {"expression": "1"}, "meta": {"customer": 1}}
    key = {"idempotency-key": "k"}
    assert site.http.post("/api/tasks", json=body, headers=key).status_code == 201
    assert site.http.post("/api/tasks", json=body, headers=key | {"traceparent": TRACE}).status_code == 200
    other = site.http.post("/api/tasks", json=body | {"meta": {"customer": 2}}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_python_gives_and_finds_them(tmp_path: Path) -> None:
    app = App(f"sqlite:///{tmp_path}/t.db")

    @app.task
    def work() -> None: ...

    handle = work.using(meta={"customer": 42, "traceparent": TRACE}).enqueue()
    work.enqueue()
    assert json.loads(handle.refresh().spec.meta or "") == {"customer": 42, "traceparent": TRACE}
    assert [task.spec.id for task in app.find(meta={"customer": 42})] == [handle.id]
    for wrong in ({"origin": "x"}, {"a": None}, {"a": float("nan")}, {1: "x"}, "text"):
        with pytest.raises(InvalidRequest, match="meta"):
            work.using(meta=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="one pair"):
        list(app.find(meta={"a": 1, "b": 2}))
    app.close()


@pytest.mark.slow
def test_the_command_line_gives_and_finds_them(tmp_path: Path) -> None:
    with site(f"sqlite:///{tmp_path}/taskmill.db"):
        pass
    submit = ["submit", "-T", "math", "-P", "1", "--no-wait"]
    id = call_real(*submit, "--meta", "customer=42", "--meta", "plan=gold", cwd=tmp_path).stdout.strip()
    call_real(*submit, "--meta", "customer=43", cwd=tmp_path)
    shown = json.loads(call_real("get", id, "--json", cwd=tmp_path).stdout)["meta"]
    assert (shown["customer"], shown["plan"], shown["origin"]["face"]) == (42, "gold", "cli")
    listed = call_real("list", "--meta", "customer=42", cwd=tmp_path).stdout
    assert listed.startswith(id)
    assert listed.count("\n") == 1
    assert "'x' is not of the form NAME=VALUE" in call_real(*submit, "--meta", "x", cwd=tmp_path).stderr
