"""How a task is to be run: checked once, kept in the form of a Spec."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from taskmill.core import ids, limits, machine, meta
from taskmill.core.errors import InvalidRequest
from taskmill.core.retry import RetryPolicy
from taskmill.core.task import PRIORITIES, SECOND, Head, Priority, Spec
from taskmill.core.times import iso

DEFAULT_RETRIES = 3
"""Four attempts within some seven seconds: a hiccup passes unseen, a bug fails soon."""


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
    expires: int | None = None
    """Microseconds from the moment of enqueueing."""
    expires_at: int | None = None
    meta: str | None = None

    @property
    def timed(self) -> bool:
        return bool(self.delay or self.at or self.expires or self.expires_at)

    def head(self, spec: Spec, now: int) -> Head:
        """The first one, at this time."""
        run_at = now + self.delay if self.delay else self.at
        expires_at = self.expires_at if self.expires is None else now + self.expires
        return machine.create(spec, now, run_at, expires_at=expires_at)


def refuse_expired(head: Head, now: int) -> None:
    """Raises InvalidRequest for a task that would expire before it may start."""
    if head.expires_at is not None and head.expires_at <= max(now, head.run_at):
        raise InvalidRequest(
            f"expires, {iso(head.expires_at)}, is not after the start, {iso(max(now, head.run_at))}, so the task would "
            "never run",
            hint="expires counts from the moment of enqueueing, as delay does",
        )


def name(text: object, what: str) -> str:
    """Task types, queues, keys and tags."""
    _refuse(what, text, limits.name(text))
    return str(text)


def priority(value: object) -> int:
    if isinstance(value, Priority):
        return value.value
    if not isinstance(value, str) or value.lower() not in PRIORITIES:
        raise InvalidRequest(f"priority {value!r} must be high, normal or low")
    return PRIORITIES[value.lower()].value


def attempt_limit(retries: int) -> int:
    _refuse("retries", retries, limits.retries(retries))
    return retries + 1


def retry(policy: object) -> str | None:
    if policy is not None and not isinstance(policy, RetryPolicy):
        raise InvalidRequest(f"retry {policy!r} must be a RetryPolicy", hint="how often is said by retries=")
    return None if policy is None else policy.to_json()


def delay(value: float | timedelta) -> int:
    """Microseconds."""
    seconds = _seconds(value)
    _refuse("delay", value, limits.delay(seconds))
    return round(seconds * SECOND)


def timeout(value: float | timedelta | None) -> int | None:
    """Microseconds."""
    if value is None:
        return None
    seconds = _seconds(value)
    _refuse("timeout", value, limits.timeout(seconds), "None is no timeout")
    return round(seconds * SECOND)


def moment(value: object, what: str = "at") -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidRequest(
            f"{what}={value!r} is not a datetime with a time zone",
            hint="for example datetime.now(UTC) + timedelta(hours=1)",
        )
    _refuse(what, value, limits.start((value - datetime.now(UTC)).total_seconds()))
    return round(value.timestamp() * SECOND)


def task_id(text: str) -> str:
    canonical = ids.parse(text)
    if canonical is None:
        raise InvalidRequest(f"id {text!r} is not a UUID", hint="for a name of your own use key=")
    return canonical


def tags(values: object) -> str | None:
    if not isinstance(values, list | tuple | set | frozenset):
        raise InvalidRequest(f"tags {values!r} must be a list")
    _refuse("tags", values, limits.tag_count(len(values)))
    named = dict.fromkeys(name(value, "tag") for value in values)
    return json.dumps(list(named), ensure_ascii=False) if named else None


def pairs(values: object) -> str | None:
    """Of meta: JSON."""
    if not isinstance(values, Mapping):
        raise InvalidRequest(f"meta {values!r} must be a dict")
    if found := meta.wrong(values):
        raise InvalidRequest(f"meta: {found[0]!r} {found[1]}")
    text = meta.to_json(values)
    if text is not None and len(text.encode()) > meta.SIZE:
        raise InvalidRequest(f"meta is over {meta.SIZE:,} bytes of JSON, which is the most")
    return text


def when(after: float | timedelta | None, at: object) -> dict[str, Any]:
    """The two exclude each other, and the later choice replaces the earlier one."""
    if after is not None and at is not None:
        raise InvalidRequest("both delay and at were given", hint="delay counts from now, at is a point in time")
    if after is not None:
        return {"delay": delay(after), "at": None}
    return {} if at is None else {"delay": 0, "at": moment(at)}


def expiry(value: float | timedelta | datetime | None) -> dict[str, Any]:
    """After so long, or at a time; the later choice replaces the earlier one."""
    if value is None:
        return {}
    if isinstance(value, datetime):
        return {"expires": None, "expires_at": moment(value, "expires")}
    seconds = _seconds(value)
    _refuse("expires", value, limits.expires(seconds))
    return {"expires": round(seconds * SECOND), "expires_at": None}


def _seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _refuse(what: str, value: object, wrong: str | None, hint: str | None = None) -> None:
    if wrong:
        raise InvalidRequest(f"{what} {value!r} {wrong}", hint=hint)
