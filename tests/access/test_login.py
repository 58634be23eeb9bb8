"""Logging in and out, and what people try who are not welcome."""

import statistics
import threading
import time

import httpx
import pytest

from tests.access.conftest import ALL, PASSWORD, add_user, by, logged_in, make_token
from tests.faces.site import Site


@pytest.fixture
def homely(open_site: Site) -> Site:
    """It has two users."""
    add_user(open_site.http, "ada", "admin")
    open_site.http.cookies = logged_in(open_site, "ada").cookies
    add_user(open_site.http, "bob", "operator")
    return open_site


def login(site: Site, name: str, password: str) -> httpx.Response:
    with by(site) as client:
        return client.post("/api/login", json={"name": name, "password": password})


def test_from_nobody_to_a_session_and_back(homely: Site) -> None:
    assert by(homely).get("/api/tasks").status_code == 401
    bob = logged_in(homely, "bob")
    me = bob.get("/api/me").json()
    assert (me["name"], me["queues"]) == ("user:bob", None)
    assert bob.get("/api/users").status_code == 403
    [cookie] = list(bob.cookies.jar)
    assert (cookie.name, cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == ("taskmill", "/", True)
    stolen = cookie.value
    assert bob.post("/api/logout").status_code == 204
    with by(homely) as thief:
        assert thief.get("/api/me", headers={"cookie": f"taskmill={stolen}"}).status_code == 401


def test_names_do_not_tell_themselves(homely: Site) -> None:
    wrong, unknown = login(homely, "bob", "wrong" * 5), login(homely, "nobody", "wrong" * 5)
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert wrong.status_code == 401

    def seconds(name: str) -> float:
        started = time.perf_counter()
        with pytest.raises(Exception, match="do not fit"):
            _verify(homely, name)
        return time.perf_counter() - started

    rounds = [(seconds("bob"), seconds("nobody")) for _ in range(7)]
    known, other = (statistics.median(times) for times in zip(*rounds, strict=True))
    assert 0.5 < known / other < 2


def _verify(site: Site, name: str) -> None:
    """Past the limit of attempts."""
    import asyncio

    from taskmill.service.accounts import Accounts

    asyncio.run(Accounts(site.store).login(name, "wrong" * 5, "", ""))


def test_guessing_is_slow(homely: Site) -> None:
    statuses = [login(homely, "bob", f"guess number {n}").status_code for n in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    reply = login(homely, "bob", PASSWORD)
    assert reply.status_code == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 61
    assert login(homely, "ada", PASSWORD).status_code == 429, "the address has had too many as well"


def test_a_session_that_was_brought_along_is_not_taken_over(homely: Site) -> None:
    with by(homely) as client:
        client.cookies.set("taskmill", "a-secret-that-the-attacker-knows")
        client.post("/api/login", json={"name": "bob", "password": PASSWORD})
        secrets = [cookie.value for cookie in client.cookies.jar if cookie.value != "a-secret-that-the-attacker-knows"]
    assert secrets
    with by(homely) as attacker:
        known = {"cookie": "taskmill=a-secret-that-the-attacker-knows"}
        assert attacker.get("/api/me", headers=known).status_code == 401


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "viewer"}, {"password": "another good secret"}])
def test_a_change_of_a_user_ends_their_sessions(homely: Site, change: dict[str, object]) -> None:
    bob = logged_in(homely, "bob")
    assert bob.get("/api/me").status_code == 200
    assert homely.http.patch("/api/users/bob", json=change).status_code == 200
    assert bob.get("/api/me").status_code == 401


def test_a_session_can_be_ended_by_others(homely: Site) -> None:
    bob = logged_in(homely, "bob")
    bob.get("/api/me")
    [one] = [one for one in homely.http.get("/api/sessions").json()["sessions"] if one["user"] == "bob"]
    assert homely.http.delete(f"/api/sessions/{one['id']}").status_code == 204
    assert bob.get("/api/me").status_code == 401


def test_who_takes_the_last_token_back_does_not_open_the_door(shut: Site) -> None:
    with by(shut) as nobody:
        assert nobody.get("/api/tasks").status_code == 401
        assert shut.http.delete("/api/tokens/all").status_code == 204
        assert nobody.get("/api/tasks").status_code == 401


@pytest.mark.parametrize("how", ["task", "many"])
def test_a_stream_ends_soon_after_its_token_was_revoked(shut: Site, how: str) -> None:
    client = by(shut, make_token(shut.http, "short", ["read"]))
    path = f"/api/tasks/{shut.create()}/events" if how == "task" else "/api/events"
    ended = threading.Event()

    def read() -> None:
        with client.stream("GET", path) as stream:
            opened.set()
            for _ in stream.iter_bytes():
                pass
        ended.set()

    opened = threading.Event()
    threading.Thread(target=read, daemon=True).start()
    assert opened.wait(10)
    assert not ended.wait(0.5)
    assert shut.http.delete("/api/tokens/short").status_code == 204
    assert ended.wait(2)
    assert client.get("/api/tasks").status_code == 401


def test_a_token_is_no_part_of_an_address(shut: Site) -> None:
    token = make_token(shut.http, "t", ALL)
    for query in (f"token={token}", f"access_token={token}"):
        assert by(shut).get(f"/api/tasks?{query}").status_code in (401, 422)


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer", "tmk_x", "Bearer tmk_aaaaaaaa_" + "b" * 40 + "00000000", "Bearer é"]
)
def test_what_is_no_token_lets_nobody_in(shut: Site, header: str) -> None:
    with by(shut) as client:
        reply = client.get("/api/tasks", headers=[(b"authorization", header.encode("latin-1"))])
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_a_token_that_expired(shut: Site) -> None:
    made = shut.http.post("/api/tokens", json={"name": "old", "scopes": ["read"], "days": 1}).json()
    import json

    from taskmill.sdk.sync import run

    row = json.loads(run(shut.store.records("token"))[made["id"]])
    run(shut.store.put_record("token", made["id"], json.dumps([*row[:-1], 1])))
    reply = by(shut, made["token"]).get("/api/tasks")
    assert reply.status_code == 401
    assert "expired" in reply.json()["detail"]


def test_secrets_are_kept_as_hashes_alone(homely: Site) -> None:
    from taskmill.sdk.sync import run

    token = make_token(homely.http, "t", ["read"])
    bob = logged_in(homely, "bob")
    [session] = [cookie.value for cookie in bob.cookies.jar]
    kept = "".join(text for kind in ("user", "session", "token") for text in run(homely.store.records(kind)).values())
    kept += "".join(id for kind in ("user", "session", "token") for id in run(homely.store.records(kind)))
    assert PASSWORD not in kept
    assert str(session) not in kept
    assert token.split("_")[2][:40] not in kept
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in kept


@pytest.mark.parametrize("site_of_page", ["cross-site", "same-site"])
def test_a_page_of_another_site_changes_nothing(homely: Site, site_of_page: str) -> None:
    bob = logged_in(homely, "bob")
    reply = bob.post("/api/queues/q/pause", headers={"sec-fetch-site": site_of_page})
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden_origin")
    assert bob.post("/api/queues/q/pause", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_every_answer_has_the_headers_that_browsers_heed(homely: Site) -> None:
    for reply in (homely.http.get("/"), homely.http.get("/nowhere"), by(homely).get("/api/tasks")):
        assert "default-src 'self'" in reply.headers["content-security-policy"]
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"


def test_the_last_administrator_stays(homely: Site) -> None:
    for reply in (
        homely.http.patch("/api/users/ada", json={"role": "viewer"}),
        homely.http.patch("/api/users/ada", json={"disabled": True}),
        homely.http.delete("/api/users/ada"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    assert homely.http.get("/api/users").status_code == 200


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "12 to"), ("a" * 20, "different"), ("Password1234", "first"), ("taskmilltaskmill!!", "first")],
)
def test_passwords_that_anybody_would_try_are_refused(open_site: Site, password: str, why: str) -> None:
    reply = open_site.http.post("/api/users", json={"name": "x", "password": password})
    assert reply.status_code == 422
    assert why in reply.json()["detail"]
    assert password not in reply.text
