"""Who is asking, and the service as they may use it. Every face goes by here, once for each request or stream."""

import asyncio
import contextlib
import functools
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Literal, NamedTuple, cast

import msgspec

from taskmill.core import times
from taskmill.core.access import LOCAL, Principal, Scope
from taskmill.core.audit import AuditEntry
from taskmill.core.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    TaskError,
    TaskmillError,
    TooManyAttempts,
    Unauthenticated,
)
from taskmill.service import views
from taskmill.service.account_views import NewToken, NewUser
from taskmill.service.batch import BatchOutcome
from taskmill.service.hiding import HiddenStream, hidden, hidden_failure
from taskmill.service.permissions import PARTS, PERMISSIONS, PLAIN, Permission
from taskmill.service.reach import NARROW, listed
from taskmill.service.service import Service
from taskmill.service.streams import EventStream, FilteredStream, StreamItem, TaskStream

Face = Literal["rest", "grpc", "graphql", "cli", "python"]
KNOWN_FOR = 10.0
"""Seconds for which credentials are believed that were looked up; a change rings, and all are looked up anew."""
MOST_KNOWN = 10_000
LOOK_EVERY = 1.0
"""Seconds after which a stream asks whether it still may go on."""
LONGEST_TARGET = 300
MAKING = ("draft", "batch")
"""What makes tasks, which know by whom."""
NOBODY = Principal("nobody", frozenset())


class Credentials(NamedTuple):
    """What came with a request."""

    face: Face
    token: str | None = None
    session: str | None = None
    """The secret in the cookie."""
    address: str | None = None
    """Where it came from."""


class Access:
    """Of one server, on its event loop."""

    def __init__(self, service: Service, *, login: Literal["auto", "always", "never"] = "auto") -> None:
        """`login`: auto asks for one as soon as there is a user or a token in the store, and from then on."""
        self.service = service
        self._login = login
        self._known: OrderedDict[str, tuple[Principal, float]] = OrderedDict()
        self._needed: bool | None = None
        self._listening: asyncio.Task[None] | None = None
        service.accounts.on_change = self._forget
        self.for_nobody = allowed(service, NOBODY, Credentials("rest"))
        """The service for who has not said who it is."""

    async def login(self, name: str, password: str, caller: Credentials, agent: str) -> str:
        """The secret of a new session. Raises Unauthenticated, TooManyAttempts, StoreError."""
        outcome = "done"
        try:
            return await self.service.accounts.login(name, password, caller.address or "", agent)
        except Unauthenticated as refused:
            outcome = refused.code
            raise
        except TooManyAttempts:
            outcome = ""
            raise
        finally:
            if outcome:
                await self._note(f"user:{name[:128]}", caller, "login", outcome)

    async def logout(self, caller: Credentials) -> None:
        if caller.session is not None:
            with contextlib.suppress(Unauthenticated):
                await self._note((await self.principal(caller)).name, caller, "logout", "done")
            await self.service.accounts.logout(caller.session)

    async def _note(self, who: str, caller: Credentials, action: str, outcome: str) -> None:
        entry = AuditEntry(times.now(), who, caller.face, caller.address, action, who, 1, outcome)
        await self.service.audit.write(entry)

    def listen(self) -> None:
        """From now on, what is revoked anywhere is heard here."""
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    async def service_for(self, credentials: Credentials) -> Service:
        """Raises Unauthenticated, StoreError."""
        who = await self.principal(credentials)
        return allowed(self.service, who, credentials, None if who is LOCAL else self.principal)

    async def principal(self, credentials: Credentials) -> Principal:
        """Raises Unauthenticated, StoreError."""
        if credentials.token is not None:
            return await self._looked_up(credentials.token, self.service.accounts.by_token)
        if credentials.session is not None and await self.needs_login():
            return await self._looked_up(credentials.session, self.service.accounts.by_session)
        if await self.needs_login():
            hint = "send a token (Authorization: Bearer …), or log in at /api/login"
            raise Unauthenticated("this server asks for a login", hint=hint)
        return LOCAL

    async def needs_login(self) -> bool:
        if self._login != "auto":
            return self._login == "always"
        if self._needed is None:
            self._needed = await self.service.accounts.any()
        return self._needed

    async def _looked_up(self, secret: str, look_up: Callable[[str], Coroutine[Any, Any, Principal]]) -> Principal:
        now = time.monotonic()
        if (known := self._known.get(secret)) and known[1] > now:
            return known[0]
        who = await look_up(secret)
        self._known[secret] = who, now + KNOWN_FOR
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return who

    def _forget(self) -> None:
        self._known.clear()
        self._needed = self._needed or None  # who takes the last token back does not open the door

    async def _listen(self) -> None:
        ear = self.service.hear_access()
        try:
            while True:
                await ear.wait(KNOWN_FOR)
                self._forget()
        finally:
            ear.close()


def allowed(
    service: Service,
    who: Principal,
    credentials: Credentials,
    ask_again: Callable[[Credentials], Coroutine[Any, Any, Principal]] | None = None,
) -> Service:
    """The service as `who` may use it: everything else raises Forbidden. `ask_again`: whether they still may."""
    return cast(Service, _Allowed(service, _Caller(service, who, credentials, ask_again)))


class _Caller(NamedTuple):
    service: Service
    who: Principal
    credentials: Credentials
    ask_again: Callable[[Credentials], Coroutine[Any, Any, Principal]] | None


class _Allowed:
    """The service, or a part of it."""

    __slots__ = ("_caller", "_part", "_prefix")

    def __init__(self, part: Any, caller: _Caller, prefix: str = "") -> None:
        self._part, self._caller, self._prefix = part, caller, prefix

    def __getattr__(self, name: str) -> Any:
        if not self._prefix and name in PLAIN:
            return getattr(self._part, name)
        if not self._prefix and name in PARTS:
            return _Allowed(getattr(self._part, name), self._caller, f"{name}.")
        permission = PERMISSIONS.get(self._prefix + name)
        if permission is None:
            raise Forbidden(f"{self._prefix}{name} is for nobody")
        return functools.partial(_call, self._caller, permission, self._prefix + name, getattr(self._part, name))


async def _call(caller: _Caller, permission: Permission, name: str, work: Any, *values: Any) -> Any:
    """Values are given by their place, as the functions of reach.py know them."""
    try:
        result = await _permitted(caller, permission, work, values)
    except TaskmillError as error:
        if permission.changes and not isinstance(error, InvalidRequest | NotFound):
            await _note(caller, name, values, None, 0, error.code)
        raise
    if permission.changes and (affected := _affected(result)) is not None:
        await _note(caller, name, values, result, affected, "done")
    return result


async def _permitted(caller: _Caller, permission: Permission, work: Any, values: tuple[Any, ...]) -> Any:
    who = caller.who
    if not permission.scopes & who.scopes:
        needed = " or ".join(sorted(permission.scopes))
        raise Forbidden(f"{who.name} may not do that: it takes the scope {needed}", hint=_hint(who))
    if who.is_limited:
        values = await NARROW[permission.reach](caller.service, who, values)
    by = {"origin": {"who": who.name, "face": caller.credentials.face}} if permission.reach in MAKING else {}
    try:
        result = await work(*values, **by)
    except TaskError as error:
        raise hidden_failure(error) if Scope.PAYLOADS not in who.scopes else error from None
    if who.is_limited and permission.reach == "listed":
        result = listed(who, result)
    if isinstance(result, views.Created) and not who.reaches(result.queue, result.task_type):
        raise Conflict("the id or the key is that of a task which is out of reach")
    if isinstance(result, TaskStream | FilteredStream):
        return _stream(caller, result)
    return hidden(result) if Scope.PAYLOADS not in who.scopes else result


def _hint(who: Principal) -> str:
    kind, _, name = who.name.partition(":")
    return f"taskmill user change {name} --role …" if kind == "user" else "taskmill token create --scope …"


def _stream(caller: _Caller, stream: EventStream) -> EventStream:
    shown = stream if Scope.PAYLOADS in caller.who.scopes else HiddenStream(stream)
    return shown if caller.ask_again is None else _RevocableStream(caller, shown)


class _RevocableStream:
    """Ends when what it was opened with is not good any more."""

    def __init__(self, caller: _Caller, stream: EventStream) -> None:
        self._caller, self._stream = caller, stream
        self._revoked = False

    @property
    def over(self) -> bool:
        return self._revoked or self._stream.over

    @property
    def position(self) -> str | None:
        return self._stream.position

    async def next(self, timeout: float) -> list[StreamItem]:
        end = time.monotonic() + timeout
        while not self._revoked:
            left = end - time.monotonic()
            items = await self._stream.next(min(left, LOOK_EVERY))
            if await self._is_revoked():
                self._revoked = True
            elif items or self._stream.over or left <= LOOK_EVERY:
                return items
        return []

    def close(self) -> None:
        self._stream.close()

    async def _is_revoked(self) -> bool:
        assert self._caller.ask_again is not None
        try:
            return await self._caller.ask_again(self._caller.credentials) != self._caller.who
        except Unauthenticated:
            return True


def _affected(result: Any) -> int | None:
    """None: nothing was changed."""
    if isinstance(result, views.Created):
        return 1 if result.created else None
    if isinstance(result, BatchOutcome):
        return result.created or None
    if isinstance(result, views.BulkResult):
        return None if result.dry_run else result.done
    return 1


async def _note(caller: _Caller, name: str, values: tuple[Any, ...], result: Any, affected: int, outcome: str) -> None:
    face, address = caller.credentials.face, caller.credentials.address
    target = _target(values, result)[:LONGEST_TARGET]
    await caller.service.audit.write(
        AuditEntry(times.now(), caller.who.name, face, address, name, target, affected, outcome)
    )


def _target(values: tuple[Any, ...], result: Any) -> str:
    """What it was done to, and never what is in it."""
    if isinstance(result, views.Created):
        return result.id
    match values[0] if values else "":
        case str() as text:
            return text
        case views.Draft() as draft:
            return draft.task_type
        case NewUser() | NewToken() as new:
            return new.name
        case views.Where() as where:
            given = {name: value for name, value in msgspec.structs.asdict(where).items() if value}
            return msgspec.json.encode(given).decode()
    return ""
