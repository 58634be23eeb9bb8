"""Whatever the parameters are: they are refused at the door, or they are read back as they were sent."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faces.site import Site

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["\0", "\ud800", "\udc00x", "\\u0000", "9" * 30])
)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(note=ANY_JSON)
def test_any_json(site: Site, note: Any) -> None:
    body = json.dumps({"task_type": "order", "parameters": {"items": [], "note": note}}).encode()
    reply = site.http.post("/api/tasks", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (201, 400, 422), reply.text
    if reply.status_code == 201:
        assert site.read(reply.json()["id"])["parameters"] == {"items": [], "note": note}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body(site: Site, body: bytes) -> None:
    for path in ("/api/tasks", "/api/tasks/batch", "/api/tasks/cancel", "/api/tasks/delete", "/send", "/tasks"):
        reply = site.http.post(path, content=body, headers={"content-type": "application/json"})
        assert 400 <= reply.status_code < 500, reply.text
