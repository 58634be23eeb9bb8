"""`http_request`: ask a server on the web."""

import asyncio
import base64
import functools
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import Meta

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import current
from taskmill.catalogue.web.addresses import resolved
from taskmill.catalogue.web.charsets import decoded
from taskmill.catalogue.web.exchange import Answer, Ask, fetch, host
from taskmill.catalogue.web.retry_after import later
from taskmill.core.retry import RetryPolicy
from taskmill.executors.contract import Context

if TYPE_CHECKING:
    import httpx

METHODS = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
OURS = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "accept-encoding"}
"""Headers that say how the request itself is sent."""
BUSY = {408, 425, 429, 500, 502, 503, 504}
"""Statuses that may be others next time."""

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_VALUE = re.compile(r"[\x20-\x7e\t]{0,8000}")
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

Url = Annotated[
    str,
    Meta(
        title="URL",
        description="Where to send the request: http:// or https://, at a public address.",
        examples=["https://example.com/"],
        min_length=8,
        max_length=4_000,
    ),
]
Method = Annotated[METHODS, Meta(title="Method", description="What to do there.", examples=["GET"])]
Headers = Annotated[
    Annotated[dict[str, str], Meta(max_length=100)] | None,
    Meta(
        title="Headers",
        description="Headers to send. They are kept with the task, so that everyone who may see it sees them.",
        examples=[{"Accept": "text/html"}],
    ),
]
Body = Annotated[
    Any, Meta(title="Body", description="Text is sent as it is, anything else as JSON.", examples=[{"hello": "world"}])
]
Expected = Annotated[
    Annotated[list[Annotated[int, Meta(ge=100, le=599)]], Meta(max_length=500)] | None,
    Meta(
        title="Expected status",
        description="Statuses that are a success; unset, those from 200 to 299.",
        examples=[[200]],
    ),
]
MaxBytes = Annotated[
    int,
    Meta(
        title="Largest answer",
        description="Bytes of the answer's body; a larger one is refused.",
        examples=[1_000_000],
        ge=1,
        le=2_000_000,
    ),
]
Timeout = Annotated[
    float,
    Meta(title="Timeout", description="Seconds for all of it, redirects included.", examples=[30.0], ge=0.1, le=300),
]
Redirects = Annotated[
    bool, Meta(title="Follow redirects", description="Up to five; each is checked as the URL is.", examples=[True])
]


class Received(TypedDict):
    status: int
    url: str
    """Where the answer came from in the end."""
    headers: dict[str, str]
    body: str
    encoding: Literal["text", "base64"]
    """How to read `body`."""
    bytes: int
    redirects: list[str]


@app.task(queue="http", retries=5, retry=RetryPolicy(base=2, cap=300, give_up_on=("Refusal",)), timeout=310)
async def http_request(
    ctx: Context,
    url: Url,
    method: Method = "GET",
    headers: Headers = None,
    body: Body = None,
    expected_status: Expected = None,
    max_bytes: MaxBytes = 1_000_000,
    timeout: Timeout = 30.0,
    follow_redirects: Redirects = True,
) -> Received:
    """Send an HTTP request and return the answer.

    Only public addresses are reached. An answer that is not expected fails the task, and one that may be another next
    time (429, 503, …) is tried again, after the time that the server asks for.
    """
    sent = _headers(ctx, method, headers or {}, body)
    ask = Ask(method, url, sent, _bytes(body), max_bytes, timeout, functools.partial(_tell, ctx))
    ctx.progress(0, f"asking {url}")
    resolve = functools.partial(resolved, allowed=current().allowed_networks)
    answer = await fetch(ask, resolve, _follow if follow_redirects else _stay)
    _judge(answer, expected_status)
    return await asyncio.to_thread(_received, answer)


def _tell(ctx: Context, received: int, announced: int) -> None:
    ctx.progress(received / announced if announced else 0, f"{received:,} bytes")


def _follow(here: "httpx.URL", there: "httpx.URL") -> bool:
    if here.scheme == "https" and there.scheme == "http":
        raise Refusal(f"{host(here)} redirects to {there}, from https to http")
    return True


def _stay(_here: "httpx.URL", _there: "httpx.URL") -> bool:
    return False


def _headers(ctx: Context, method: str, given: dict[str, str], body: object) -> dict[str, str]:
    for name, value in given.items():
        _check(name, value)
    own = {} if method in ("GET", "HEAD", "OPTIONS") else {"Idempotency-Key": ctx.task.id}
    if body is not None:
        own["Content-Type"] = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    taken = {name.lower() for name in given}
    return {name: value for name, value in own.items() if name.lower() not in taken} | given


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refusal(f"{name[:100]!r} can't be the name of a header")
    if name.lower() in OURS:
        raise Refusal(f"the header {name} says how the request is sent, and is set by Taskmill")
    if not _VALUE.fullmatch(value):
        raise Refusal(f"the value of the header {name} must be at most 8,000 characters of ASCII without line breaks")


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else msgspec.json.encode(body)


def _judge(answer: Answer, expected: list[int] | None) -> None:
    if answer.status in expected if expected else 200 <= answer.status < 300:
        return
    wanted = ", ".join(map(str, expected)) if expected else "200 to 299"
    says = f"{answer.url} answers {answer.status}, not {wanted}: {_start(answer)}"
    if answer.status in BUSY:
        raise later(answer, says)
    raise Refusal(says)


def _start(answer: Answer) -> str:
    return " ".join(answer.body[:200].decode("utf-8", "replace").split()) or "(nothing)"


def _received(answer: Answer) -> Received:
    text = _text(answer)
    return {
        "status": answer.status,
        "url": answer.url,
        "headers": answer.headers,
        "body": base64.b64encode(answer.body).decode() if text is None else text,
        "encoding": "base64" if text is None else "text",
        "bytes": len(answer.body),
        "redirects": answer.redirects,
    }


def _text(answer: Answer) -> str | None:
    text = decoded(answer.body, answer.headers.get("content-type", ""))
    return None if text is None or _UNREADABLE.search(text) else text
