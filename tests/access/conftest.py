from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskmill.core.access import Scope
from tests.faces.site import Site, site

PASSWORD = "correct horse battery"
ALL = [str(scope) for scope in Scope]


_clients: list[httpx.Client] = []


@pytest.fixture(params=["memory", "sqlite"])
def open_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Nobody can log in yet, so everybody may do everything."""
    with site("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/t.db") as opened:
        yield opened
        while _clients:
            _clients.pop().close()


@pytest.fixture
def shut(open_site: Site) -> Site:
    """It asks for a login; what the test itself sends has a token that may do all."""
    token = make_token(open_site.http, "all", ALL)
    open_site.http.headers["Authorization"] = f"Bearer {token}"
    return open_site


def make_token(http: httpx.Client, name: str, scopes: list[str], **more: Any) -> str:
    reply = http.post("/api/tokens", json={"name": name, "scopes": scopes, **more})
    assert reply.status_code == 201, reply.text
    token: str = reply.json()["token"]
    return token


def add_user(http: httpx.Client, name: str, role: str = "viewer", **more: Any) -> None:
    reply = http.post("/api/users", json={"name": name, "password": PASSWORD, "role": role, **more})
    assert reply.status_code == 201, reply.text


def by(site: Site, token: str | None = None) -> httpx.Client:
    """Somebody else, with a token or without."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    client = httpx.Client(base_url=site.http.base_url, headers=headers, timeout=20)
    _clients.append(client)
    return client


def logged_in(site: Site, name: str) -> httpx.Client:
    client = by(site)
    reply = client.post("/api/login", json={"name": name, "password": PASSWORD})
    assert reply.status_code == 204, reply.text
    return client
