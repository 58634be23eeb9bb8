"""How a task is to be run: checked once, kept in the form of a Spec."""

import json
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from taskmill.core.errors import InvalidRequest
from taskmill.core.task import SECOND, Priority
from taskmill.engine import ids

PriorityName = Literal["high", "normal", "low"]
DEFAULT_RETRIES = 3
"""Four attempts within some seven seconds: a hiccup passes unseen, a bug fails soon."""
NAME_LENGTH = 128
MAX_RETRIES = 1000
MAX_TAGS = 32
MAX_SECONDS = 10 * 365 * 86_400.0


class Options(NamedTuple):
    queue: str = "default"
    priority: int = Priority.NORMAL
    attempt_limit: int = DEFAULT_RETRIES + 1
    retry: str | None = None
    timeout: int | None = None
    key: str | None = None
    tags: str | None = None
    id: str | None = None
    delay: int = 0
    """Microseconds from the moment of enqueueing."""
    at: int | None = None


def name(text: object, what: str) -> str:
    """Task types, queues, keys and tags."""
    if not isinstance(text, str) or not 0 < len(text) <= NAME_LENGTH or not text.isprintable():
        raise InvalidRequest(f"{what} {text!r} is not 1 to {NAME_LENGTH} printable characters")
    return text


def priority(value: object) -> int:
    if isinstance(value, Priority):
        return value.value
    if not isinstance(value, str) or value.upper() not in Priority.__members__:
        raise InvalidRequest(f"priority {value!r} is not one of high, normal, low")
    return Priority[value.upper()].value


def attempt_limit(retries: object) -> int:
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= MAX_RETRIES:
        raise InvalidRequest(f"retries {retries!r} is not a whole number from 0 to {MAX_RETRIES:,}")
    return retries + 1


def duration(value: object, what: str) -> int:
    """Microseconds of seconds or a timedelta."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_SECONDS:
        raise InvalidRequest(f"{what} {value!r} is not a number of seconds from 0 to ten years")
    return round(seconds * SECOND)


def timeout(value: object) -> int | None:
    if value is None:
        return None
    microseconds = duration(value, "timeout")
    if microseconds == 0:
        raise InvalidRequest("timeout must be more than 0 seconds", hint="None is no timeout")
    return microseconds


def moment(value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidRequest(
            f"at={value!r} is not a datetime with a time zone",
            hint="for example datetime.now(UTC) + timedelta(hours=1)",
        )
    return round(value.timestamp() * SECOND)


def task_id(text: str) -> str:
    canonical = ids.parse(text)
    if canonical is None:
        raise InvalidRequest(f"id {text!r} is not a UUID", hint="for a name of your own use key=")
    return canonical


def tags(values: object) -> str | None:
    if not isinstance(values, list | tuple | set | frozenset) or len(values) > MAX_TAGS:
        raise InvalidRequest(f"tags {values!r} are not a list of at most {MAX_TAGS}")
    named = dict.fromkeys(name(value, "tag") for value in values)
    return json.dumps(list(named), ensure_ascii=False) if named else None


def when(delay: object, at: object) -> dict[str, Any]:
    """The two exclude each other, and the later choice replaces the earlier one."""
    if delay is not None and at is not None:
        raise InvalidRequest("both delay and at were given", hint="delay counts from now, at is a point in time")
    if delay is not None:
        return {"delay": duration(delay, "delay"), "at": None}
    return {} if at is None else {"delay": 0, "at": moment(at)}
