"""Every method of the service, every route, every scope: nothing passes that the table does not let pass."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from taskmill.core.access import LOCAL, Role, Scope, scopes_of
from taskmill.core.errors import Forbidden, TaskmillError
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.sync import run
from taskmill.server.rest import ROUTES
from taskmill.service import access, views
from taskmill.service.access import Credentials, allowed
from taskmill.service.account_views import NewToken, NewUser, UserChange
from taskmill.service.audit import AuditWhere
from taskmill.service.permissions import PARTS, PERMISSIONS, PLAIN
from taskmill.service.service import Service
from tests.access.conftest import ALL, by, make_token
from tests.faces.site import Site

INTERNAL = {"open", "close", "answer", "stop_waiting", "spec", "hear_access", "disabled_types"}
"""Of the service, for the process that runs it."""
INTERNAL_PARTS = {"accounts.any", "accounts.login", "accounts.logout", "accounts.by_session", "accounts.by_token"} | {
    "accounts.on_change",
    "audit.write",
    "audit.keep",
    "audit.flush",
    "audit.made",
    "audit.close",
}
ID = "01a2015b-acf3-7ed7-ad4d-7245a1597141"


async def draft(_: Any) -> views.Draft:
    return views.Draft(task_type="math")


VALUES: dict[str, tuple[Any, ...]] = {
    "create": (views.Draft(task_type="math"),),
    "create_batch": ([1], draft),
    "tasks": (views.Where(),),
    "wait": (ID, 0.0),
    "cancel_matching": (views.Bulk(queue="x"),),
    "retry_matching": (views.Bulk(queue="x"),),
    "delete_matching": (views.Bulk(queue="x"),),
    "task_stream": (ID, None),
    "filtered_stream": ([], [], [], None),
    "numbered.rename": (ID, "name"),
    "uploads.take_in": ("name", lambda _: iter(())),
    "audit.lines": (AuditWhere(),),
    "accounts.add_user": (NewUser(name="x", password="short"),),
    "accounts.change_user": ("x", UserChange()),
    "accounts.create_token": (NewToken(name="", scopes=[]), "x"),
}


@pytest.fixture
def service() -> Service:
    made = Service(Backend(ConnectionSettings("memory://"), "thread"))
    run(made.open())
    return made


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_") and callable(getattr(thing, name))}


def test_every_method_of_the_service_has_its_row(service: Service) -> None:
    methods = public(service) - INTERNAL
    for part in PARTS:
        methods |= {f"{part}.{name}" for name in public(getattr(service, part))} - INTERNAL_PARTS
    assert methods - PLAIN == set(PERMISSIONS)


@pytest.mark.parametrize("method", [*sorted(INTERNAL | INTERNAL_PARTS), "nonsense", "_store", "numbered.nonsense"])
def test_what_has_no_row_is_for_nobody(service: Service, method: str) -> None:
    there: Any = allowed(service, LOCAL, Credentials("rest"))
    *parts, name = method.split(".")
    for part in parts:
        there = getattr(there, part)
    with pytest.raises(Forbidden):
        getattr(there, name)


@pytest.mark.parametrize("method", PERMISSIONS)
@pytest.mark.parametrize("scope", Scope)
def test_a_method_is_there_for_the_scopes_of_its_row_alone(service: Service, method: str, scope: Scope) -> None:
    who = LOCAL._replace(name="token:x", scopes=frozenset({scope}))
    there: Any = allowed(service, who, Credentials("rest"))
    for name in method.split("."):
        there = getattr(there, name)
    needed = [name for name, one in inspect.signature(there.args[3]).parameters.items() if one.default is one.empty]
    try:
        run(there(*VALUES.get(method, (ID,) * len(needed))))
        refused = False
    except Forbidden:
        refused = True
    except (TaskmillError, RuntimeError, TypeError):  # what asked for what is not there, or for an event loop
        refused = False
    assert refused is (scope not in PERMISSIONS[method].scopes)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("payloads", [True, False])
def test_what_roles_may_do(role: Role, payloads: bool) -> None:
    may = {name for name, row in PERMISSIONS.items() if row.scopes & scopes_of(role, payloads=payloads)}
    changes = {name for name, row in PERMISSIONS.items() if row.changes}
    about = {name for name in PERMISSIONS if name.startswith(("accounts.", "audit."))}
    expected = {
        Role.VIEWER: set(PERMISSIONS) - changes - about - {"numbered.give_number"},
        Role.OPERATOR: set(PERMISSIONS) - about,
        Role.ADMIN: set(PERMISSIONS),
    }
    assert may == expected[role]


def test_every_route_asks_the_table(shut: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # where files are uploaded to
    asked: list[str] = []

    class Recording(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.append(name)
            return super().get(name, default)

    monkeypatch.setattr(access, "PERMISSIONS", Recording(PERMISSIONS))
    clients = {scope: by(shut, make_token(shut.http, scope, [scope])) for scope in ALL}
    cells = 0
    for route in ROUTES:
        if route.public or route.path == "/api/me":
            continue
        body: dict[str, Any] = {"json": _body(route.path)} if route.body else {}
        path = route.path.format(id=ID, name="x", number="1", token="x", session="x")
        for scope, client in clients.items():
            asked.clear()
            with client.stream(route.method, path, **body) as reply:
                refused = reply.status_code == 403
            lacking = any(Scope(scope) not in PERMISSIONS[name].scopes for name in asked)
            assert asked
            assert refused is lacking, (route.path, scope, asked)
            cells += 1
        assert by(shut).request(route.method, path, **body).status_code == 401, route.path
        assert by(shut, "tmk_wrong").request(route.method, path, **body).status_code == 401, route.path
    assert cells > 150


def _body(path: str) -> dict[str, Any]:
    """What gets as far as the service."""
    bodies: dict[str, dict[str, Any]] = {
        "/api/tasks": {"task_type": "math"},
        "/api/tasks/batch": {"tasks": [{"task_type": "math"}]},
        "/send": {"message": "x"},
        "/tasks": {"name": "x"},
        "/tasks/{number}": {"name": "x"},
        "/api/users": {"name": "x", "password": "y"},
        "/api/tokens": {"name": "x", "scopes": ["read"], "days": 0},
    }
    return bodies.get(path, {"queue": "x"} if path.startswith("/api/tasks/") else {})
