"""Who may not see what is in tasks sees nothing of it, in any answer and any stream."""

import json

from taskmill.server.rest import ROUTES
from tests.access.conftest import ALL, add_user, by, logged_in, make_token
from tests.faces.site import Site

SECRET = "s3cret-word"
ERROR = {"code": "exception", "type": "ValueError", "message": SECRET, "traceback": f"…{SECRET}"}


def fill(site: Site) -> list[str]:
    """One task that succeeded, one that failed, one that waits."""
    ids = [site.create(task_type="order", parameters={"items": [{"name": SECRET}]}) for _ in range(3)]
    site.succeed(ids[0], json.dumps(SECRET))
    site.fail(ids[1], json.dumps(ERROR))
    return ids


def seen_by(client_site: Site, token: str, ids: list[str]) -> str:
    """All that the readable routes answer, and both kinds of streams."""
    seen = []
    with by(client_site, token) as client:
        for route in ROUTES:
            if route.method != "GET" or route.stream or "{token}" in route.path:
                continue
            for id in ids:
                path = route.path.format(id=id, name="order", number=id, session="x")
                seen.append(client.get(path).text)
        for id in ids[:2]:
            with client.stream("GET", f"/api/tasks/{id}/events") as stream:
                seen.append(stream.read().decode())
    return "\n".join(seen)


def test_nothing_of_a_payload_comes_out(shut: Site) -> None:
    ids = fill(shut)
    assert seen_by(shut, make_token(shut.http, "sees", ["read", "payloads"]), ids).count(SECRET) > 8
    hidden = seen_by(shut, make_token(shut.http, "blind", ["read"]), ids)
    assert SECRET not in hidden
    assert '"type":"ValueError"' in hidden.replace(" ", "")
    assert '"log":[' not in hidden.replace(" ", "")


def test_changing_a_task_does_not_show_it(shut: Site) -> None:
    ids = fill(shut)
    blind = by(shut, make_token(shut.http, "blind", ["read", "operate", "submit"]))
    replies = [blind.post(f"/api/tasks/{ids[1]}/retry"), blind.post(f"/api/tasks/{ids[2]}/cancel")]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert SECRET not in "".join(reply.text for reply in replies)


def test_a_stream_of_many_hides_it_too(shut: Site) -> None:
    blind = by(shut, make_token(shut.http, "blind", ["read"]))
    with blind.stream("GET", "/api/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        fill(shut)
        seen = ""
        while '"failed"' not in seen:
            seen += next(lines)
    assert SECRET not in seen


def test_a_user_without_the_switch(open_site: Site) -> None:
    ids = fill(open_site)
    add_user(open_site.http, "ada", "admin", payloads=False)
    client = logged_in(open_site, "ada")
    assert set(client.get("/api/me").json()["scopes"]) == set(ALL) - {"payloads", "work"}
    assert SECRET not in client.get(f"/api/tasks/{ids[0]}").text
    assert client.get(f"/api/tasks/{ids[0]}").json()["parameters"] == {}
