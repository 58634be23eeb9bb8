"""When to ask a server again that said "not now"."""

import math
import time
from collections.abc import Mapping

from taskmill.catalogue.web.exchange import Answer
from taskmill.core.outcome import Retry

LONGEST_TEXT = 100
LONGEST = 86_400.0
"""Seconds; no server makes a task wait for longer."""


def later(answer: Answer, reason: str) -> Retry:
    """At the time that the server asks for; else as the task's retry policy says."""
    return Retry(wait(answer.headers, time.time()), reason)


def wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds, from `Retry-After` or from the end of GitHub's rate limit; None when nothing is said."""
    asked = _seconds(headers.get("retry-after", "")[:LONGEST_TEXT], now)
    if asked is None and headers.get("x-ratelimit-remaining") == "0":
        reset = _number(headers.get("x-ratelimit-reset", "")[:LONGEST_TEXT])
        asked = None if reset is None else reset - now
    return None if asked is None else min(LONGEST, max(0.0, asked))


def _seconds(text: str, now: float) -> float | None:
    """A number of seconds, or a date."""
    number = _number(text)
    if number is not None or not text:
        return number
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
