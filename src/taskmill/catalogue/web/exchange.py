"""One request and its answer, within bounds of size and time; redirects are followed by hand, and judged each."""

import asyncio
import functools
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from taskmill.catalogue.hosts import ascii_host
from taskmill.catalogue.refusal import Refusal, need
from taskmill.catalogue.web.errors import Unreachable

if TYPE_CHECKING:
    import httpx

MAX_REDIRECTS = 5
CONNECT_TIMEOUT = 10.0
"""Seconds; an address that does not answer leaves time for the next one."""
REDIRECTS = {301, 302, 303, 307, 308}
OF_ONE_ORIGIN = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
"""Headers that are not carried along to another origin."""

_HOST = re.compile(r"((?:https?:)?//)([^/?#\\@:]+)", re.IGNORECASE)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port → the addresses to connect to. Raises Refusal."""
Follow = Callable[["httpx.URL", "httpx.URL"], bool]
"""From where, to where: may this redirect be followed?"""


class Ask(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    limit: int = 1_000_000
    """Bytes of the answer's body, once it is unpacked."""
    timeout: float = 30.0
    """Seconds for all of it, redirects included."""
    tell: Callable[[int, int], None] = lambda _received, _announced: None
    """Is called with the bytes that came so far, and those that the server announced (0: it did not)."""


class Answer(NamedTuple):
    status: int
    url: str
    """Where it came from in the end."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    redirects: list[str]
    """The addresses that led there, the one that was asked for first."""


async def fetch(ask: Ask, resolve: Resolve, follow: Follow) -> Answer:
    """Raises Refusal for what may not be asked or is too large, Unreachable when there is no whole answer."""
    need("httpx", "http")
    try:
        async with asyncio.timeout(ask.timeout):
            return await _follow(ask, resolve, follow)
    except TimeoutError:
        raise Unreachable(f"{_host(ask.url)} did not give a whole answer within {ask.timeout:g} s") from None


async def _follow(ask: Ask, resolve: Resolve, follow: Follow) -> Answer:
    redirects: list[str] = []
    while True:
        answer = await _once(ask, resolve)
        location = answer.headers.get("location")
        if answer.status not in REDIRECTS or location is None:
            return answer._replace(redirects=redirects)
        here, there = _url(ask.url), _joined(ask.url, location)
        if not follow(here, there):
            return answer._replace(redirects=redirects)
        redirects.append(ask.url)
        if len(redirects) > MAX_REDIRECTS:
            raise Refusal(f"{_host(redirects[0])} redirects more than {MAX_REDIRECTS} times")
        ask = _redirected(ask, answer.status, here, there)


def _redirected(ask: Ask, status: int, here: "httpx.URL", there: "httpx.URL") -> Ask:
    """As browsers do: 303 becomes GET, and so do 301 and 302 after POST."""
    headers = dict(ask.headers)
    if not same_origin(here, there):
        headers = {name: value for name, value in headers.items() if name.lower() not in OF_ONE_ORIGIN}
    ask = ask._replace(url=str(there), headers=headers)
    if (status == 303 and ask.method != "HEAD") or (status in (301, 302) and ask.method == "POST"):
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        return ask._replace(method="GET", headers=headers, body=b"")
    return ask


async def _once(ask: Ask, resolve: Resolve) -> Answer:
    """The connection is made to an address that `resolve` gave: nobody looks the name up again."""
    url = _url(ask.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    failed = Unreachable(f"there is no host {host(url)}")
    for address in await resolve(host(url), port):
        try:
            return await _at(address, url, ask)
        except NoConnection as error:
            failed = error
    raise failed


class NoConnection(Unreachable):
    """Nothing was sent, so another address may be tried."""


async def _at(address: str, url: "httpx.URL", ask: Ask) -> Answer:
    import httpx

    name = host(url)
    timeout = httpx.Timeout(ask.timeout, connect=CONNECT_TIMEOUT)
    headers = {"User-Agent": "Taskmill", "Accept": "*/*", "Accept-Encoding": "gzip", **ask.headers}
    headers["Host"] = url.netloc.decode("ascii")
    try:
        async with httpx.AsyncClient(trust_env=False, verify=trust(), timeout=timeout) as client:
            request = client.build_request(
                ask.method,
                url.copy_with(host=address),
                headers=headers,
                content=ask.body or None,
                extensions={"sni_hostname": name},
            )
            answer = await client.send(request, stream=True)
            try:
                return await _read(answer, ask, str(url))
            finally:
                await answer.aclose()
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NoConnection(f"no connection to {name}: {_said(error)}") from None
    except httpx.TransportError as error:
        raise Unreachable(f"{name}: {_said(error)}") from None


async def _read(answer: "httpx.Response", ask: Ask, url: str) -> Answer:
    length = answer.headers.get("content-length", "")
    announced = int(length) if length.isdecimal() and len(length) < 20 else 0
    if announced > ask.limit and ask.method != "HEAD":
        raise _too_large(ask)
    body = bytearray()
    async for some in _unpacked(answer, ask.limit):
        body += some
        if len(body) > ask.limit:
            raise _too_large(ask)
        ask.tell(answer.num_bytes_downloaded, announced)
    return Answer(answer.status_code, url, dict(answer.headers.items()), bytes(body), [])


async def _unpacked(answer: "httpx.Response", limit: int) -> AsyncIterator[bytes]:
    """Never more than `limit` bytes and one at once, however much a small piece would unpack to."""
    coding = answer.headers.get("content-encoding", "identity").lower()
    if coding == "identity":
        async for some in answer.aiter_raw():
            yield some
        return
    if coding not in ("gzip", "x-gzip"):
        raise Refusal(f"{host(answer.url)} answers in the coding {coding[:40]!r}, which was not asked for")
    unpacker, within = zlib.decompressobj(wbits=31), False
    try:
        async for some in answer.aiter_raw():
            rest = some
            while rest := rest if within else rest.lstrip(b"\0"):  # several may follow each other, with zeros between
                yield unpacker.decompress(rest, limit + 1)
                within, rest = not unpacker.eof, unpacker.unused_data
                if not within:
                    unpacker = zlib.decompressobj(wbits=31)
    except zlib.error:
        within = True
    if within:
        raise Unreachable("the answer is not the gzip that it says it is")


def _too_large(ask: Ask) -> Refusal:
    return Refusal(f"the answer of {_host(ask.url)} is larger than {ask.limit:,} bytes")


@functools.cache
def trust() -> ssl.SSLContext:
    """The authorities that this machine trusts; making it takes milliseconds."""
    return ssl.create_default_context()


def same_origin(here: "httpx.URL", there: "httpx.URL") -> bool:
    return (here.scheme, here.raw_host, here.port) == (there.scheme, there.raw_host, there.port)


def host(url: "httpx.URL") -> str:
    """In ASCII, as name servers know it; `url.host` is for people, and can't be shown for every name."""
    return url.raw_host.decode("ascii")


def _url(text: str) -> "httpx.URL":
    import httpx

    try:
        url = httpx.URL(_with_ascii_host(text))
    except (httpx.InvalidURL, ValueError) as error:
        raise Refusal(f"{text[:200]!r} is no URL: {error}") from None
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise Refusal(f"{text[:200]!r} is no URL that starts with http:// or https:// and a host")
    if b"%" in url.raw_host:
        raise Refusal(f"{text[:200]!r} has a % in its host, which is no part of a name or of an address elsewhere")
    if url.userinfo:
        raise Refusal("a URL may not hold a user name or password; send an Authorization header")
    return url


def _joined(url: str, location: str) -> "httpx.URL":
    import httpx

    try:
        return _url(str(_url(url).join(_with_ascii_host(location))))
    except (httpx.InvalidURL, ValueError):
        raise Refusal(f"{_host(url)} redirects to {location[:200]!r}, which is no URL that may be asked") from None


def _with_ascii_host(text: str) -> str:
    found = _HOST.match(text)
    if found is None or found[2].isascii():
        return text
    return f"{found[1]}{ascii_host(found[2])}{text[found.end() :]}"


def _host(url: str) -> str:
    return host(_url(url))


def _said(error: Exception) -> str:
    return str(error) or {"ReadTimeout": "it does not answer"}.get(type(error).__name__, type(error).__name__)
