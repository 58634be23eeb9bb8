"""Every refusal is a problem with a stable code, and says where and why."""

import json
import re
from typing import Any

import pytest

from taskmill.plugins import handlers
from taskmill.server.rest import ROUTES
from taskmill.server.rest.http import Route
from taskmill.server.rest.openapi import openapi_route
from tests.faces.site import Site

MATH = {"task_type": "math", "parameters": {"expression": "1"}}
DESCRIPTION = openapi_route(ROUTES)
JSON = {"content-type": "application/json"}


def post(site: Site, body: Any, path: str = "/api/tasks") -> Any:
    """The problem in the answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return problem(site, "POST", path, content=content, headers=JSON)


def problem(site: Site, method: str, path: str, **more: Any) -> Any:
    reply = site.http.request(method, path, **more)
    assert reply.headers["content-type"] == "application/problem+json", reply.text
    found = reply.json()
    assert found["status"] == reply.status_code
    assert found["type"] == f"urn:taskmill:error:{found['code']}"
    assert found["title"]
    assert found["detail"]
    assert "Traceback" not in reply.text
    return found


FIELDS = [
    ({"priority": "urgent"}, "$.priority", "high, normal or low"),
    ({"priority": 1}, "$.priority", "high, normal or low"),
    ({"delay": -1}, "$.delay", "from 0"),
    ({"expires": 0}, "$.expires", "more than 0"),
    ({"expires": 5, "delay": 9}, "$.expires", "is not after the start"),
    ({"expires": 5, "expires_at": "2030-01-01T00:00:00Z"}, "$.expires_at", "together with expires"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "$.expires_at", "is not after the start"),
    ({"expires_at": "2030-01-01"}, "$.expires_at", "offset"),
    ({"delay": 1e10}, "$.delay", "ten years"),
    ({"delay": "5"}, "$.delay", "expected"),
    ({"delay": True}, "$.delay", "expected"),
    ({"delay": 1, "run_at": "2030-01-01T00:00:00Z"}, "$.run_at", "together with delay"),
    ({"run_at": "tomorrow"}, "$.run_at", "ISO 8601"),
    ({"run_at": "2030-01-01T00:00:00"}, "$.run_at", "offset"),
    ({"run_at": "9999-12-31T23:59:59-12:00"}, "$.run_at", "ten years"),
    ({"queue": ""}, "$.queue", "1 to 128"),
    ({"queue": "q" * 129}, "$.queue", "1 to 128"),
    ({"queue": "a\nb"}, "$.queue", "printable"),
    ({"key": "a\0b"}, "$.key", "printable"),
    ({"tags": ["fine", "\x7f"]}, "$.tags[1]", "printable"),
    ({"tags": [str(n) for n in range(33)]}, "$.tags", "at most 32"),
    ({"tags": "one"}, "$.tags", "expected"),
    ({"id": "42"}, "$.id", "UUID"),
    ({"timeout": 0}, "$.timeout", "from 0.001"),
    ({"retries": -1}, "$.retries", "0 to 1000"),
    ({"retries": 10**30}, "$.retries", "0 to 1000"),
    ({"retries": 1.5}, "$.retries", "expected"),
    ({"parameters": []}, "$.parameters", "expected"),
    ({"prioritty": "high"}, "$.prioritty", "did you mean priority?"),
]


@pytest.mark.parametrize(("fields", "path", "message"), FIELDS, ids=lambda value: str(value)[:30])
def test_a_wrong_field_is_named(site: Site, fields: dict[str, Any], path: str, message: str) -> None:
    found = post(site, MATH | fields)
    assert (found["status"], found["code"]) == (422, "invalid_request")
    assert found["errors"][0]["path"] == path
    assert message in found["errors"][0]["message"]


def test_several_wrong_fields_come_at_once(site: Site) -> None:
    found = post(site, MATH | {"delay": -1, "queue": "", "retries": -1})
    assert [error["path"] for error in found["errors"]] == ["$.queue", "$.delay", "$.retries"]


def test_a_missing_field(site: Site) -> None:
    assert post(site, {"parameters": {}})["errors"] == [{"path": "$.task_type", "message": "is required"}]


PARAMETERS = [
    ({"expression": 1}, "$.parameters.expression", "is not of type"),
    ({}, "$.parameters.expression", "is required"),
    ({"expresion": "1", "expression": "1"}, "$.parameters.expresion", "did you mean expression?"),
    ({"expression": "1\0"}, "$.parameters.expression", "NUL"),
]


@pytest.mark.parametrize(("parameters", "path", "message"), PARAMETERS)
def test_wrong_parameters_are_named(site: Site, parameters: dict[str, Any], path: str, message: str) -> None:
    found = post(site, MATH | {"parameters": parameters})
    assert (found["status"], found["code"]) == (422, "invalid_parameters")
    assert found["errors"][0]["path"] == path
    assert message in found["errors"][0]["message"]


NESTED = [
    ({"items": [{"name": "a"}, {}]}, "$.parameters.items[1].name", "is required"),
    ({"items": [], "note": {"big": 2**63}}, "$.parameters.note.big", "64 bits"),
    ({"items": [], "note": {"an odd name": -(2**63) - 1}}, "$.parameters.note['an odd name']", "64 bits"),
    ({"items": [], "note": {"\0": 1}}, "$.parameters.note", "NUL"),
]


@pytest.mark.parametrize(("parameters", "path", "message"), NESTED)
def test_paths_lead_to_nested_parameters(site: Site, parameters: dict[str, Any], path: str, message: str) -> None:
    [error] = post(site, {"task_type": "order", "parameters": parameters})["errors"]
    assert error["path"] == path
    assert message in error["message"]


def test_what_only_looks_suspect_is_taken(site: Site) -> None:
    note = ["\\u0000", "1234567890123456789012", 2**63 - 1, -(2**63), 1.2345678901234567e300]
    id = site.create(task_type="order", parameters={"items": [], "note": note})
    assert site.read(id)["parameters"]["note"] == note


def test_nesting_is_bounded(site: Site) -> None:
    def nested(depth: int) -> Any:
        return post(site, b'{"task_type":"order","parameters":{"items":[],"note":%s%s}}' % (b"[" * depth, b"]" * depth))

    assert "deeper than 64" in nested(64)["errors"][0]["message"]
    assert (nested(10_000)["status"], nested(10_000)["code"]) == (400, "invalid_json")
    site.create(task_type="order", parameters={"items": [], "note": json.loads("[" * 62 + "]" * 62)})


def test_an_unknown_task_type(site: Site) -> None:
    near = post(site, {"task_type": "maht"})
    far = post(site, {"task_type": "zzz"})
    assert (near["status"], near["code"], near["hint"]) == (422, "unknown_task_type", "did you mean math?")
    assert far["hint"] == "known: " + ", ".join(sorted([*handlers(None), "order"]))


BROKEN = [
    (b"", "0 bytes"),
    (b'{"task_type": "math",}', "byte 21"),
    (b'{"task_type": "ma', "truncated"),
    (b'{"task_type": "math"} trailing', "trailing characters (byte"),
    (b'\xef\xbb\xbf{"task_type": "math"}', "byte 0"),
    (b'{"task_type": "\xff"}', "UTF-8 (byte 15)"),
    (b"NaN", "malformed"),
    (b'{"task_type": "math", "parameters": {"expression": "\\ud800"}}', "(of 61 bytes)"),
]


@pytest.mark.parametrize(("body", "message"), BROKEN, ids=lambda value: str(value)[:30])
def test_what_is_not_json(site: Site, body: bytes, message: str) -> None:
    found = post(site, body)
    assert (found["status"], found["code"]) == (400, "invalid_json")
    assert message in found["detail"]


def test_a_body_must_be_declared_as_json(site: Site) -> None:
    body = json.dumps(MATH).encode()
    form = problem(site, "POST", "/api/tasks", content=body, headers={"content-type": "text/plain"})
    bare = problem(site, "POST", "/api/tasks", content=body)
    packed = problem(site, "POST", "/api/tasks", content=body, headers=JSON | {"content-encoding": "gzip"})
    assert {found["code"] for found in (form, bare, packed)} == {"unsupported_media_type"}
    assert "application/json" in form["hint"]
    charset = {"content-type": "application/json; charset=utf-8"}
    assert site.http.post("/api/tasks", content=body, headers=charset).status_code == 201


def test_bodies_and_parameters_are_bounded(site: Site) -> None:
    declared = post(site, MATH | {"parameters": {"expression": "1" * 2_100_000}})
    streamed = problem(site, "POST", "/api/tasks", content=(b" " * 65_536 for _ in range(40)), headers=JSON)
    parameters = post(site, {"task_type": "order", "parameters": {"items": [], "note": "x" * 1_100_000}})
    for found in (declared, streamed, parameters):
        assert (found["status"], found["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/nowhere", "/api", "/api/tasks/a/b/c", "/api/tasks//result", "/%00", "/api/%ff"])
def test_an_unknown_address(site: Site, path: str) -> None:
    assert problem(site, "GET", path)["code"] == "unknown_route"


@pytest.mark.parametrize("id", ["42", "%00", "%ff", "0" * 5000, "01890a5d-ac96-774b-bcce-b302099a8057"])
def test_an_unknown_task(site: Site, id: str) -> None:
    for method, path in [("GET", ""), ("GET", "/result"), ("GET", "/attempts"), ("POST", "/cancel"), ("DELETE", "")]:
        found = problem(site, method, f"/api/tasks/{id}{path}")
        assert (found["status"], found["code"]) == (404, "not_found")


def test_a_wrong_method_is_told_the_right_ones(site: Site) -> None:
    reply = site.http.put("/api/tasks", json={})
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")
    assert problem(site, "GET", "/api/tasks/batch")["code"] == "method_not_allowed"


def test_head_is_get_without_a_body(site: Site) -> None:
    reply = site.http.head("/healthz")
    assert (reply.status_code, reply.content) == (200, b"")


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "inf", "x", ""])
def test_how_long_to_wait_is_bounded(site: Site, wait: str) -> None:
    found = problem(site, "GET", f"/api/tasks/{site.create()}/result?wait={wait}")
    assert (found["status"], found["errors"][0]["path"]) == (422, "$.wait")


@pytest.mark.parametrize("route", [*ROUTES, DESCRIPTION], ids=lambda route: f"{route.method} {route.path}")
def test_unknown_parameters_of_the_query_are_refused_everywhere(site: Site, route: Route) -> None:
    path = re.sub("{.*?}", "01a20167-4d70-7b43-b36f-68b0bc9419a5", route.path)
    body = {"content": b"{}", "headers": JSON} if route.body else {}
    found = problem(site, route.method, f"{path}?wiat=1", **body)
    assert (found["status"], found["code"], found["errors"][0]["path"]) == (422, "invalid_request", "$.wiat")
    assert "is not a known field; " in found["errors"][0]["message"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/tasks?limt=5", "did you mean limit?"),
        ("/api/tasks/01a20167-4d70-7b43-b36f-68b0bc9419a5/result?wiat=5", "did you mean wait?"),
        ("/api/tasks/01a20167-4d70-7b43-b36f-68b0bc9419a5?wait=5", "none is known here"),
    ],
)
def test_the_nearest_parameter_of_the_query_is_named(site: Site, path: str, said: str) -> None:
    assert said in problem(site, "GET", path)["errors"][0]["message"]


def test_a_body_where_none_is_taken(site: Site) -> None:
    id = site.create()
    found = problem(site, "POST", f"/api/tasks/{id}/cancel", json={"reason": "late"})
    assert (found["code"], found["errors"][0]["path"]) == ("invalid_request", "$.reason")
    assert problem(site, "POST", f"/api/tasks/{id}/cancel", data={"a": "b"})["code"] == "unsupported_media_type"
    assert site.http.post(f"/api/tasks/{id}/cancel", json={}).status_code == 200
