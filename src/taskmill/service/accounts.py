"""Users, their sessions, and tokens: small records of the store, in which every secret is a hash.

A session's secret and that of a token are random, so SHA-256 keeps them well; a password needs argon2id.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from taskmill.core import limits, times
from taskmill.core.access import Principal, Role, Scope, scopes_of
from taskmill.core.errors import Conflict, InvalidRequest, NotFound, Problem, Unauthenticated
from taskmill.core.suggest import near_names
from taskmill.core.task import SECOND
from taskmill.core.times import iso, maybe_iso
from taskmill.service import passwords
from taskmill.service.account_views import (
    CreatedToken,
    NewToken,
    NewUser,
    Sessions,
    SessionView,
    Tokens,
    TokenView,
    UserChange,
    Users,
    UserView,
)
from taskmill.service.attempt_limit import AttemptLimit
from taskmill.stores.contract import Store

USER, SESSION, TOKEN, USED = "user", "session", "token", "used"
"""Kinds of records. `used`: when a session or token last was, apart from it, lest a revoked one be written anew."""
DAY = 24 * 3600 * SECOND
SESSION_IDLE, SESSION_LONGEST = DAY // 2, 7 * DAY
NOTE_USE_EVERY = 60 * SECOND
PREFIX = "tmk"
"""Of tokens: scanners for secrets find it, and tell it from others by the checksum."""
TOKEN_TEXT = re.compile(rf"{PREFIX}_([0-9a-z]{{8}})_([0-9a-z]{{40}})([0-9a-f]{{8}})")
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,127}")
MOST_SESSIONS = 20
"""Of one user; the oldest makes place."""


class _User(Struct):
    role: Role
    payloads: bool
    created_at: int
    disabled: bool = False
    password: str | None = None


class _Token(NamedTuple):
    name: str
    hash: str
    scopes: list[str]
    queues: list[str] | None
    task_types: list[str] | None
    created_by: str
    created_at: int
    expires_at: int | None


class _Session(NamedTuple):
    user: str
    address: str
    agent: str
    created_at: int


class Accounts:
    """Every method may raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limit = AttemptLimit(burst=5, interval=12.0)
        self.on_change: Callable[[], None] = lambda: None
        """Called at once when this process changes something; others hear of it."""

    async def any(self) -> bool:
        """Whether anybody can log in."""
        return bool(await self._store.records(USER)) or bool(await self._store.records(TOKEN))

    # Users

    async def users(self) -> Users:
        return Users([_user_view(name, _user(text)) for name, text in (await self._store.records(USER)).items()])

    async def add_user(self, new: NewUser) -> UserView:
        """Raises InvalidRequest, Conflict."""
        if not USER_NAME.fullmatch(new.name):
            raise _refusal("$.name", "must be lower-case letters, digits and . _ @ + -, at most 128 of them")
        passwords.check(new.password)
        user = _User(new.role, new.payloads, times.now(), password=await passwords.hashed(new.password))
        if not await self._put(new.name, user, only_new=True):
            raise Conflict(f"there is a user {new.name!r} already", hint=f"taskmill user password {new.name}")
        self._changed()
        return _user_view(new.name, user)

    async def change_user(self, name: str, change: UserChange) -> UserView:
        """Raises NotFound, InvalidRequest; Conflict for the last administrator."""
        user = await self._user(name)
        if change.password is not None:
            passwords.check(change.password)
            user.password = await passwords.hashed(change.password)
        user.role = user.role if change.role is None else change.role
        user.payloads = user.payloads if change.payloads is None else change.payloads
        user.disabled = user.disabled if change.disabled is None else change.disabled
        if user.disabled or user.role is not Role.ADMIN:
            await self._keep_an_administrator(name)
        await self._put(name, user)
        await self._end_sessions_of(name)
        self._changed()
        return _user_view(name, user)

    async def drop_user(self, name: str) -> None:
        """Raises NotFound; Conflict for the last administrator."""
        await self._user(name)
        await self._keep_an_administrator(name)
        await self._store.drop_records(USER, [name])
        await self._end_sessions_of(name)
        self._changed()

    # Tokens

    async def tokens(self) -> Tokens:
        used = await self._store.records(USED)
        rows = (await self._store.records(TOKEN)).items()
        return Tokens([TokenView(**_token_fields(id, _token(text), used.get(id))) for id, text in rows])

    async def create_token(self, new: NewToken, created_by: str) -> CreatedToken:
        """Raises InvalidRequest."""
        if wrong := limits.name(new.name):
            raise _refusal("$.name", wrong)
        if not new.scopes:
            raise _refusal("$.scopes", f"must name one at least: {', '.join(Scope)}")
        for path, names in (("$.queues", new.queues), ("$.task_types", new.task_types)):
            if names is not None and not 1 <= len(names) <= 100:
                raise _refusal(path, "must be 1 to 100 names, or null for all")
            for name in names or ():
                if wrong := limits.name(name):
                    raise _refusal(path, wrong)
        if new.days is not None and not 1 <= new.days <= 3650:
            raise _refusal("$.days", "must be 1 to 3650, or null for a token that never expires")
        id, secret = _random(8), _random(40)
        now = times.now()
        token = _Token(
            new.name,
            _sha(secret),
            [str(scope) for scope in dict.fromkeys(new.scopes)],
            new.queues,
            new.task_types,
            created_by,
            now,
            None if new.days is None else now + new.days * DAY,
        )
        await self._store.put_record(TOKEN, id, json.dumps(token), only_new=True)
        self._changed()
        return CreatedToken(token=_token_text(id, secret), **_token_fields(id, token, None))

    async def revoke_token(self, id: str) -> None:
        """By its id or its name. Raises NotFound."""
        rows = {one: _token(text) for one, text in (await self._store.records(TOKEN)).items()}
        ids = [id] if id in rows else [one for one, token in rows.items() if token.name == id]
        if not ids:
            hint = near_names(id, [token.name for token in rows.values()]) or "`taskmill token list` lists them"
            raise NotFound(f"there is no token {id[:64]!r}", hint=hint)
        if len(ids) > 1:
            raise Conflict(f"several tokens are named {id!r}", hint=f"give an id: {', '.join(ids)}")
        await self._store.drop_records(TOKEN, ids)
        await self._store.drop_records(USED, ids)
        self._changed()

    # Sessions

    async def sessions(self) -> Sessions:
        used = await self._store.records(USED)
        found = {id: _session(text) for id, text in (await self._store.records(SESSION)).items()}
        live = {id: one for id, one in found.items() if _is_live(one, used.get(id), times.now())}
        return Sessions([_session_view(id, one, used.get(id)) for id, one in live.items()])

    async def end_session(self, id: str) -> None:
        """Raises NotFound."""
        ids = [one for one in await self._store.records(SESSION) if _public(one) == id]
        if not ids or not await self._store.drop_records(SESSION, ids):
            raise NotFound(f"there is no session {id[:64]!r}", hint="`taskmill session list` lists them")
        await self._store.drop_records(USED, ids)
        self._changed()

    async def login(self, name: str, password: str, address: str, agent: str) -> str:
        """The secret of a new session. Raises Unauthenticated, TooManyAttempts."""
        name = name.lower()[:128]
        keys = (f"name {name}", f"address {address}")
        self._limit.attempt(*keys)
        text = (await self._store.records(USER, [name])).get(name)
        user = None if text is None else _user(text)
        usable = None if user is None or user.disabled else user.password
        if not await passwords.verified(usable, password):
            raise Unauthenticated("that name and password do not fit")
        self._limit.forget(*keys)
        secret = secrets.token_urlsafe(32)
        await self._make_place(name)
        session = _Session(name, address, agent[:200], times.now())
        await self._store.put_record(SESSION, _sha(secret), json.dumps(session))
        return secret

    async def logout(self, secret: str) -> None:
        await self._store.drop_records(SESSION, [_sha(secret)])
        await self._store.drop_records(USED, [_sha(secret)])
        self._changed()

    # Who it is

    async def by_session(self, secret: str) -> Principal:
        """Raises Unauthenticated."""
        id, now = _sha(secret), times.now()
        text = (await self._store.records(SESSION, [id])).get(id)
        used = (await self._store.records(USED, [id])).get(id)
        session = None if text is None else _session(text)
        if session is None or not _is_live(session, used, now):
            raise Unauthenticated("the session has ended", hint="log in again")
        row = (await self._store.records(USER, [session.user])).get(session.user)
        user = None if row is None else _user(row)
        if user is None or user.disabled:
            raise Unauthenticated("the session has ended", hint="log in again")
        await self._note_use(id, used, now)
        return Principal(f"user:{session.user}", scopes_of(user.role, payloads=user.payloads))

    async def by_token(self, text: str) -> Principal:
        """Raises Unauthenticated."""
        parts = TOKEN_TEXT.fullmatch(text)
        if parts is None or parts[3] != _checksum(parts[1], parts[2]):
            raise Unauthenticated("that is no token of Taskmill, or not the whole of one", hint="taskmill token create")
        id, secret = parts[1], parts[2]
        row = (await self._store.records(TOKEN, [id])).get(id)
        token = None if row is None else _token(row)
        if token is None or not hmac.compare_digest(token.hash, _sha(secret)):
            raise Unauthenticated("the token is not known, or was revoked", hint="taskmill token list")
        now = times.now()
        if token.expires_at is not None and token.expires_at <= now:
            raise Unauthenticated(f"the token expired at {iso(token.expires_at)}", hint="taskmill token create")
        await self._note_use(id, (await self._store.records(USED, [id])).get(id), now)
        return Principal(
            f"token:{token.name}",
            frozenset(Scope(scope) for scope in token.scopes),
            None if token.queues is None else frozenset(token.queues),
            None if token.task_types is None else frozenset(token.task_types),
        )

    async def _note_use(self, id: str, before: str | None, now: int) -> None:
        if before is None or int(before) + NOTE_USE_EVERY < now:
            await self._store.put_record(USED, id, str(now))

    async def _make_place(self, name: str) -> None:
        """Ended sessions of everybody go, and those of the user that are too many."""
        used, now = await self._store.records(USED), times.now()
        rows = {id: _session(text) for id, text in (await self._store.records(SESSION)).items()}
        gone = [id for id, one in rows.items() if not _is_live(one, used.get(id), now)]
        own = sorted((one.created_at, id) for id, one in rows.items() if one.user == name and id not in gone)
        gone += [id for _, id in own[: max(0, len(own) - MOST_SESSIONS + 1)]]
        if gone:
            await self._store.drop_records(SESSION, gone)
            await self._store.drop_records(USED, gone)

    async def _end_sessions_of(self, name: str) -> None:
        ids = [id for id, text in (await self._store.records(SESSION)).items() if _session(text).user == name]
        await self._store.drop_records(SESSION, ids)
        await self._store.drop_records(USED, ids)

    async def _keep_an_administrator(self, name: str) -> None:
        """There must be another one than the one that goes, if that is one."""
        admins = {
            one
            for one, text in (await self._store.records(USER)).items()
            if (user := _user(text)).role is Role.ADMIN and not user.disabled
        }
        if admins == {name}:
            raise Conflict(f"{name!r} is the last administrator", hint="make somebody else one first")

    async def _user(self, name: str) -> _User:
        rows = await self._store.records(USER)
        if name not in rows:
            hint = near_names(name, list(rows)) or "`taskmill user list` lists them"
            raise NotFound(f"there is no user {name[:64]!r}", hint=hint)
        return _user(rows[name])

    async def _put(self, name: str, user: _User, *, only_new: bool = False) -> bool:
        return await self._store.put_record(USER, name, msgspec.json.encode(user).decode(), only_new=only_new)

    def _changed(self) -> None:
        self.on_change()
        self._store.bell.ring("access", ())


def _user(text: str) -> _User:
    return msgspec.json.decode(text, type=_User)


def _token(text: str) -> _Token:
    return _Token(*json.loads(text))


def _session(text: str) -> _Session:
    return _Session(*json.loads(text))


def _is_live(session: _Session, used: str | None, now: int) -> bool:
    last = session.created_at if used is None else int(used)
    return last + SESSION_IDLE > now and session.created_at + SESSION_LONGEST > now


def _user_view(name: str, user: _User) -> UserView:
    return UserView(
        name=name, role=user.role, payloads=user.payloads, disabled=user.disabled, created_at=iso(user.created_at)
    )


def _token_fields(id: str, token: _Token, used: str | None) -> dict[str, Any]:
    return {
        "id": id,
        "name": token.name,
        "scopes": [Scope(scope) for scope in token.scopes],
        "queues": token.queues,
        "task_types": token.task_types,
        "created_by": token.created_by,
        "created_at": iso(token.created_at),
        "expires_at": maybe_iso(token.expires_at),
        "used_at": maybe_iso(None if used is None else int(used)),
    }


def _session_view(id: str, session: _Session, used: str | None) -> SessionView:
    last = session.created_at if used is None else int(used)
    return SessionView(
        id=_public(id),
        user=session.user,
        address=session.address,
        agent=session.agent,
        created_at=iso(session.created_at),
        used_at=maybe_iso(None if used is None else int(used)),
        ends_at=iso(min(last + SESSION_IDLE, session.created_at + SESSION_LONGEST)),
    )


def _public(hash: str) -> str:
    """Of a session, to name it by: from the hash of its secret there is no way back."""
    return hash[:12]


def _sha(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _random(length: int) -> str:
    """Of 32 letters and digits, so 5 bits each."""
    return base64.b32encode(secrets.token_bytes(length * 5 // 8)).decode().lower()


def _token_text(id: str, secret: str) -> str:
    return f"{PREFIX}_{id}_{secret}{_checksum(id, secret)}"


def _checksum(id: str, secret: str) -> str:
    return f"{zlib.crc32(f'{id}_{secret}'.encode()):08x}"


def _refusal(path: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{path} {why}", problems=[Problem(path, why)])
