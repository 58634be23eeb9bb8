"""Messages between a worker and the child process of one attempt: a length of four bytes, then JSON."""

import struct
from typing import Any

import msgspec

from taskmill.core.outcome import Cancel, Fail, Failure, Outcome, Raised, Retry, Returned, Snooze, Stopped

LENGTH = struct.Struct(">I")
_encode = msgspec.json.Encoder().encode


def pack(*message: Any) -> bytes:
    body = _encode(message)
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> list[Any]:
    message: list[Any] = msgspec.json.decode(body)
    return message


def from_outcome(outcome: Outcome) -> tuple[Any, ...]:
    match outcome:
        case Returned(result):
            return "returned", result
        case Raised(failure, kinds, final):
            return "raised", failure, kinds, final
        case Retry():
            return "retry", outcome.delay, str(outcome)
        case Snooze():
            return "snooze", outcome.delay
        case Cancel():
            return "cancel", str(outcome)
        case Fail():
            return "fail", str(outcome)
        case _:
            return ("stopped",)


def to_outcome(kind: str, values: list[Any]) -> Outcome:
    match kind:
        case "returned":
            return Returned(values[0])
        case "raised":
            return Raised(Failure(*values[0]), tuple(values[1]), values[2])
        case "retry":
            return Retry(*values)
        case "snooze":
            return Snooze(*values)
        case "cancel":
            return Cancel(*values)
        case "fail":
            return Fail(*values)
        case _:
            return Stopped()
