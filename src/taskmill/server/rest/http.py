"""As little HTTP as the REST face needs: a call, a reply, and a table of routes looked up by path. Plain ASGI.

A framework around the endpoints would cost about as much as a request itself does (decision 0006).
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from email.utils import formatdate
from functools import cached_property, lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.types import Message, Receive, Scope, Send

from taskmill.core.errors import NotFound, StoreError, TaskmillError, TooLarge, Unauthenticated
from taskmill.server.rest import problems
from taskmill.server.rest.decoding import Body, read_query
from taskmill.service.access import Access, Credentials
from taskmill.service.aside import BIG
from taskmill.service.errors import NotReady
from taskmill.service.service import Service

log = logging.getLogger(__name__)
T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")
Header = tuple[bytes, bytes]
JSON = b"application/json"
COOKIES = ("__Host-taskmill", "taskmill")
"""Of a session: browsers keep the first one to this host and to HTTPS; the second is for HTTP on the loopback."""

BODIES = frozenset({"POST", "PUT", "PATCH"})
MOST_IN_MEMORY = 256 * 2**20
"""Bytes that the bodies of all requests may hold together."""
NEWLINE = b"\n"
"""Ends every body, for the terminal that `curl` writes to."""


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """What an address takes that takes no body, or no query."""


NO_BODY = Body(Nothing)


class ClientGone(Exception):
    """The client left before its request was whole; there is nobody to answer."""


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()
    media: bytes = JSON


class StreamedReply(Protocol):
    """A reply that goes on."""

    async def play(self, method: str, receive: Receive, send: Send) -> None: ...


class BodyMemory:
    """What the bodies of all requests hold together, without those that are small."""

    def __init__(self) -> None:
        self.used = 0

    def take(self, size: int) -> None:
        """Raises NotReady when others hold so much that it does not fit."""
        if self.used + size > MOST_IN_MEMORY:
            raise NotReady(f"the bodies of other requests hold {self.used:,} bytes now", hint="try again soon")
        self.used += size


class HttpCall:
    """One request."""

    def __init__(
        self,
        service: Service,
        access: Access,
        caller: Credentials,
        scope: Scope,
        receive: Receive,
        names: tuple[str, ...],
        memory: BodyMemory,
    ) -> None:
        self.service = service
        """As the caller may use it."""
        self.access = access
        self.caller = caller
        self.used = 0
        """Bytes of `memory`, to be given back at its end."""
        self._memory = memory
        self.names = names
        """What stands in the path for its placeholders, in their order."""
        self._scope = scope
        self._receive = receive

    @property
    def is_secure(self) -> bool:
        """It came by HTTPS, to this server or to a proxy that it trusts."""
        return bool(self._scope["scheme"] == "https")

    @cached_property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self._scope["headers"])

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def query(self, shape: type[T]) -> T:
        return read_query(self._scope["query_string"], shape)

    async def body(self, reader: Body[T], limit: int) -> T:
        """Raises UnsupportedMediaType, TooLarge, InvalidJson, InvalidRequest."""
        self._check_media()
        return await self.read(reader, await self._read(limit))

    async def read(self, reader: Body[T], data: bytes | msgspec.Raw) -> T:
        """Raises InvalidJson, InvalidRequest."""
        if len(data) < BIG:
            return reader.read(data)
        return await self.service.aside.run(reader.read, data)

    async def while_there(self, work: Coroutine[Any, Any, R]) -> R:
        """Ends `work` when the client leaves. The body has been read. Raises ClientGone."""
        doing, gone = asyncio.ensure_future(work), asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise ClientGone
            return doing.result()
        finally:
            doing.cancel()
            gone.cancel()
            await asyncio.wait((doing, gone))

    async def no_body(self) -> None:
        """Raises what `body` raises for anything but no body, or an empty object."""
        if self.headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in self.headers:
            await self.body(NO_BODY, BIG)

    def _check_media(self) -> None:
        media = self.headers.get(b"content-type", b"none").partition(b";")[0].strip().lower()
        if media != JSON:
            raise problems.UnsupportedMediaType(
                f"the body is {media.decode('latin-1')[:64]}", hint="send the header Content-Type: application/json"
            )
        if self.headers.get(b"content-encoding", b"identity") != b"identity":
            raise problems.UnsupportedMediaType("the body is compressed, which this server does not take")

    async def pieces(self, limit: int) -> AsyncIterator[bytes]:
        """The body as it comes, of any media type. Raises TooLarge before a piece too many, ClientGone."""
        self._check_length(limit)
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            yield piece

    def _check_length(self, limit: int) -> None:
        if (declared := self.headers.get(b"content-length", b"0")).isdigit() and int(declared[:18]) > limit:
            raise _too_large(limit)

    async def _read(self, limit: int) -> bytes:
        self._check_length(limit)
        message = await self._receive()
        chunks: list[bytes] = [message.get("body", b"")]
        size = len(chunks[0])
        while message.get("more_body") and size <= limit:
            if size - self.used > BIG:
                self._memory.take(size - self.used)
                self.used = size
            message = await self._receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
        if message["type"] == "http.disconnect":
            raise ClientGone
        if size > limit:
            raise _too_large(limit)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


Endpoint = Callable[[HttpCall], Awaitable[Reply | StreamedReply]]


class StreamDoc(NamedTuple):
    """What OpenAPI tells about server-sent events."""

    example: str
    data: tuple[type[msgspec.Struct], ...]
    """What the data of an event may be."""


class Route(NamedTuple):
    """`path` has placeholders: `/api/tasks/{id}`. The rest is what OpenAPI tells about it."""

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    replies: dict[int, type[msgspec.Struct] | None]
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    errors: tuple[str, ...] = ()
    example: dict[str, Any] | None = None
    """Of a body."""
    idempotent: bool = False
    """Takes an Idempotency-Key."""
    stream: StreamDoc | None = None
    """It answers with server-sent events."""
    raw: bool = False
    """The body is a file, of any media type."""
    public: bool = False
    """It needs no login, and nothing of the service but what is for everybody."""


Methods = dict[str, Route]


class Routes:
    """Fixed paths are found in one step, those with placeholders among the few of the same length."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, Methods] = {}
        self._patterns: dict[int, list[tuple[list[str], Methods]]] = {}
        patterns: dict[str, Methods] = {}
        for route in routes:
            known = patterns if "{" in route.path else self._fixed
            known.setdefault(route.path, {})[route.method] = route
        for path, methods in patterns.items():
            parts = path.split("/")
            self._patterns.setdefault(len(parts), []).append((parts, methods))

    def find(self, method: str, path: bytes) -> tuple[Route, tuple[str, ...]]:
        """The route and what stands for its placeholders. Raises UnknownRoute, MethodNotAllowed."""
        plain = path.decode("latin-1").rstrip("/") or "/"
        if methods := self._fixed.get(plain):
            return _pick(methods, method), ()
        given = plain.split("/")
        for parts, methods in self._patterns.get(len(given), ()):
            if all(part == value or (part[:1] == "{" and value) for part, value in zip(parts, given, strict=True)):
                names = [value for part, value in zip(parts, given, strict=True) if part[:1] == "{"]
                return _pick(methods, method), tuple(_decoded(name) for name in names)
        raise problems.UnknownRoute("there is nothing at this address", hint="GET /api/openapi.json lists all there is")


class Api:
    """The ASGI application: finds the route, calls its endpoint, and turns every error into a problem."""

    def __init__(self, access: Access, routes: Iterable[Route]) -> None:
        self._access = access
        self._routes = Routes(routes)
        self._memory = BodyMemory()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call: HttpCall | None = None
        try:
            route, names = self._routes.find(scope["method"], scope["raw_path"])
            caller = credentials(scope)
            service = self._access.for_nobody if route.public else await self._access.service_for(caller)
            call = HttpCall(service, self._access, caller, scope, receive, names, self._memory)
            if route.query is None and scope["query_string"]:
                call.query(Nothing)
            if route.method in BODIES and route.body is None and not route.raw:
                await call.no_body()
            reply = await route.endpoint(call)
            if not isinstance(reply, Reply):
                await reply.play(scope["method"], receive, send)
                return
        except TaskmillError as error:
            reply = refusal(error)
        except ClientGone:
            return
        except asyncio.CancelledError:
            reply = refusal(NotReady("the server is stopping"))
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            reply = refusal(TaskmillError("the server's log has the details"))
        finally:
            if call is not None:
                self._memory.used -= call.used
        await answer(send, reply)


def credentials(scope: Scope) -> Credentials:
    """Raises Unauthenticated for a header that is none."""
    token = session = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            token = token.strip()
            if kind.lower() != "bearer" or not token:
                raise Unauthenticated("the header Authorization is not of the form: Bearer TOKEN")
        elif name == b"cookie":
            session = _cookie(value.decode("latin-1"))
    client = scope.get("client")
    return Credentials("rest", token, session, client[0] if client else None)


def _cookie(text: str) -> str | None:
    for pair in text.split(";"):
        name, _, value = pair.strip().partition("=")
        if name in COOKIES and value:
            return value
    return None


def ok(view: Any, status: int = 200, headers: tuple[Header, ...] = ()) -> Reply:
    return Reply(status, msgspec.json.encode(view) + NEWLINE, headers)


def refusal(error: TaskmillError) -> Reply:
    view = problems.problem(error)
    if isinstance(error, StoreError):
        log.warning("the store failed: %s", error)
    return Reply(view.status, problems.encode(view) + NEWLINE, problems.headers(error, view.status), problems.MEDIA)


async def refuse(send: Send, error: TaskmillError) -> None:
    await answer(send, refusal(error))


async def answer(send: Send, reply: Reply) -> None:
    length = str(len(reply.body)).encode()
    headers = [(b"date", date()), *reply.headers]
    if reply.status != HTTPStatus.NO_CONTENT:
        headers += [(b"content-type", reply.media), (b"content-length", length)]
    start: Message = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


def date() -> bytes:
    """For the header, made once a second."""
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def _pick(methods: Methods, method: str) -> Route:
    route = methods.get("GET" if method == "HEAD" else method)
    if route is None:
        raise problems.MethodNotAllowed(", ".join(sorted(methods)))
    return route


def _decoded(name: str) -> str:
    try:
        return unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        raise NotFound("the address is not percent-encoded UTF-8") from None


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is over {limit:,} bytes, which is the most this address takes")
