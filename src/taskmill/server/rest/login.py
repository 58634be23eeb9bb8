"""Logging in and out, and who one is; users, tokens and sessions, and the audit, for administrators."""

from typing import Annotated

from msgspec import Meta, Struct

from taskmill.core.access import Scope
from taskmill.server.rest.decoding import Body
from taskmill.server.rest.http import COOKIES, Header, HttpCall, Reply, Route, ok
from taskmill.server.rest.tasks import REFUSALS
from taskmill.service import account_views as accounts
from taskmill.service import audit

SMALL = 65_536
"""Bytes of a body."""


class Login(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(examples=["ada"])]
    password: Annotated[str, Meta(examples=["correct horse battery"])]


class Me(Struct, kw_only=True):
    """Who asks, and what they may do."""

    name: Annotated[str, Meta(examples=["user:ada"])]
    scopes: list[Scope]
    queues: Annotated[list[str] | None, Meta(description="Only these; null: all.")]
    task_types: Annotated[list[str] | None, Meta(description="Only these; null: all.")]


class AuditQuery(audit.AuditWhere, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(description="At most 500.")] = 100
    cursor: Annotated[str | None, Meta(description="The `next_cursor` of the page before.")] = None


LOGIN, NEW_USER = Body(Login), Body(accounts.NewUser)
CHANGE, NEW_TOKEN = Body(accounts.UserChange), Body(accounts.NewToken)


async def login(call: HttpCall) -> Reply:
    given = await call.body(LOGIN, SMALL)
    secret = await call.access.login(given.name, given.password, call.caller, call.header(b"user-agent") or "")
    return Reply(204, headers=(cookie(secret, secure=call.is_secure),))


async def logout(call: HttpCall) -> Reply:
    await call.access.logout(call.caller)
    return Reply(204, headers=(cookie("", secure=call.is_secure, lasts=0),))


def cookie(secret: str, *, secure: bool, lasts: int = 7 * 24 * 3600) -> Header:
    """`lasts`: seconds; 0 takes it away."""
    name = COOKIES[0] if secure else COOKIES[1]
    flags = "; Secure" if secure else ""
    return b"set-cookie", f"{name}={secret}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{flags}".encode()


async def me(call: HttpCall) -> Reply:
    who = await call.access.principal(call.caller)
    queues = None if who.queues is None else sorted(who.queues)
    task_types = None if who.task_types is None else sorted(who.task_types)
    return ok(Me(name=who.name, scopes=sorted(who.scopes), queues=queues, task_types=task_types))


async def users(call: HttpCall) -> Reply:
    return ok(await call.service.accounts.users())


async def add_user(call: HttpCall) -> Reply:
    return ok(await call.service.accounts.add_user(await call.body(NEW_USER, SMALL)), 201)


async def change_user(call: HttpCall) -> Reply:
    return ok(await call.service.accounts.change_user(call.names[0], await call.body(CHANGE, SMALL)))


async def drop_user(call: HttpCall) -> Reply:
    await call.service.accounts.drop_user(call.names[0])
    return Reply(204)


async def tokens(call: HttpCall) -> Reply:
    return ok(await call.service.accounts.tokens())


async def create_token(call: HttpCall) -> Reply:
    new = await call.body(NEW_TOKEN, SMALL)
    who = await call.access.principal(call.caller)
    return ok(await call.service.accounts.create_token(new, who.name), 201)


async def revoke_token(call: HttpCall) -> Reply:
    await call.service.accounts.revoke_token(call.names[0])
    return Reply(204)


async def sessions(call: HttpCall) -> Reply:
    return ok(await call.service.accounts.sessions())


async def end_session(call: HttpCall) -> Reply:
    await call.service.accounts.end_session(call.names[0])
    return Reply(204)


async def lines(call: HttpCall) -> Reply:
    query = call.query(AuditQuery)
    return ok(await call.service.audit.lines(query, query.limit, query.cursor))


FOUND = ("not_found", "conflict")
ROUTES = (
    Route(
        "POST",
        "/api/login",
        login,
        "Log in: the answer sets the cookie of a session",
        {204: None},
        body=Login,
        errors=(*REFUSALS, "unauthenticated", "too_many_attempts"),
        public=True,
    ),
    Route("POST", "/api/logout", logout, "End this session", {204: None}, public=True),
    Route("GET", "/api/me", me, "Who asks, and what they may do", {200: Me}),
    Route("GET", "/api/users", users, "List users", {200: accounts.Users}),
    Route(
        "POST",
        "/api/users",
        add_user,
        "Add a user",
        {201: accounts.UserView},
        body=accounts.NewUser,
        errors=(*REFUSALS, "conflict"),
    ),
    Route(
        "PATCH",
        "/api/users/{name}",
        change_user,
        "Change a user, or disable them; their sessions end",
        {200: accounts.UserView},
        body=accounts.UserChange,
        errors=(*REFUSALS, *FOUND),
    ),
    Route("DELETE", "/api/users/{name}", drop_user, "Remove a user; their sessions end", {204: None}, errors=FOUND),
    Route("GET", "/api/tokens", tokens, "List tokens, without their secrets", {200: accounts.Tokens}),
    Route(
        "POST",
        "/api/tokens",
        create_token,
        "Create a token: its secret is shown this once",
        {201: accounts.CreatedToken},
        body=accounts.NewToken,
        errors=REFUSALS,
    ),
    Route(
        "DELETE", "/api/tokens/{token}", revoke_token, "Revoke a token by its id or its name", {204: None}, errors=FOUND
    ),
    Route("GET", "/api/sessions", sessions, "Who is logged in, and where", {200: accounts.Sessions}),
    Route("DELETE", "/api/sessions/{session}", end_session, "End a session", {204: None}, errors=("not_found",)),
    Route(
        "GET",
        "/api/audit",
        lines,
        "Who changed what, newest first",
        {200: audit.AuditPage},
        query=AuditQuery,
        errors=("invalid_request",),
    ),
)
