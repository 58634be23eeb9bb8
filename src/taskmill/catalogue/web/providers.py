"""The one way in which providers are asked: within their rate, with what is known already, and on their terms."""

import functools
import time
from collections.abc import Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec

from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import Provider, current
from taskmill.catalogue.web.addresses import resolved
from taskmill.catalogue.web.cache import Cache
from taskmill.catalogue.web.errors import ServerFault
from taskmill.catalogue.web.exchange import Answer, Ask, fetch, same_origin
from taskmill.catalogue.web.rate import reserve
from taskmill.catalogue.web.retry_after import later, wait
from taskmill.core.outcome import Snooze
from taskmill.core.retry import RetryPolicy

T = TypeVar("T")

EVERYWHERE = ("0.0.0.0/0", "::/0")
"""The operator chose the address: it may be a private one."""
POLICY = RetryPolicy(base=5, cap=600, give_up_on=("Refusal",))
RETRIES = 5
TIMEOUT = 60.0


class ProviderQuestion(NamedTuple):
    name: str
    """As it is called in settings: `github` for `github_url` and so on."""
    provider: Provider
    path: str = ""
    """After the provider's URL."""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}

    @property
    def url(self) -> str:
        return self.provider.url + self.path + (f"?{urlencode(self.query)}" if self.query else "")


async def answer(question: ProviderQuestion, shape: type[T]) -> T | None:
    """What the provider says, or None when it knows of no such thing (404).

    Raises Snooze while the rate is used up, Retry when the provider asks for it, Refusal when it says no.
    """
    body = await _body(question)
    if body is None:
        return None
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise ServerFault(f"{question.name}: the answer is not what this API gives: {error}") from None


async def _body(question: ProviderQuestion) -> bytes | None:
    state = current().state
    rest = reserve(state / "rates" / question.name, question.provider.rate, time.time())
    if rest:
        raise Snooze(rest)
    cache, key = Cache(state / "answers" / question.name), f"{question.url}\n{sorted(question.headers.items())}"
    kept = cache.get(key)
    got = await _ask(question, {"If-None-Match": kept.etag} if kept else {})
    if got.status == 304 and kept:
        return kept.body
    if got.status == 200 and (etag := got.headers.get("etag")):
        cache.put(key, etag, got.body)
    return _judged(question.name, got)


async def _ask(question: ProviderQuestion, more: Mapping[str, str]) -> Answer:
    headers = {"Accept": "application/json", **question.headers, **more}
    ask = Ask("GET", question.url, headers, timeout=TIMEOUT)
    return await fetch(ask, functools.partial(resolved, allowed=EVERYWHERE), same_origin)


def _judged(provider: str, got: Answer) -> bytes | None:
    if got.status == 200:
        return got.body
    if got.status == 404:
        return None
    says = f"{provider} answers {got.status}: {_reason(got)}"
    if got.status in (408, 425, 429) or got.status >= 500 or (got.status == 403 and _limited(got)):
        raise later(got, says)
    if got.status in (401, 403):
        raise Refusal(f"{says}; the operator should look at {provider}_key")
    raise Refusal(says)


def _limited(got: Answer) -> bool:
    """GitHub says 403 where others say 429."""
    return wait(got.headers, time.time()) is not None


def _reason(got: Answer) -> str:
    return " ".join(got.body[:200].decode("utf-8", "replace").split()) or "(nothing)"
