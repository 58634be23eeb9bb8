"""An event as JSON: on the wire between processes, in server-sent events, and for programs in other languages."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from taskmill.core.events import Kind, TaskEvent
from taskmill.core.state import State

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class EventView(Struct, kw_only=True, omit_defaults=True):
    """One change of one task. Of two about one task, the fresher has the greater version, then the later time."""

    kind: Kind
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    task_type: str
    queue: str
    at: Annotated[datetime, Meta(description="By the clock of whoever told it.")]
    state: State
    version: Annotated[int, Meta(description="How often the task has changed.")]
    attempt: int
    progress: Annotated[Raw | None, Meta(examples=[{"fraction": 0.4, "note": "reading"}])] = None
    error: Annotated[Raw | None, Meta(description="The latest error.")] = None
    line: Annotated[
        Raw | None,
        Meta(
            description="Of kind `log`: one line.",
            examples=[{"at": 1767225600000000, "level": "info", "message": "hello"}],
        ),
    ] = None


class Read(Struct, kw_only=True):
    """The same, as msgspec can read it."""

    kind: Kind
    id: str
    task_type: str
    queue: str
    at: datetime
    state: State
    version: int
    attempt: int
    progress: Raw = Raw()
    error: Raw = Raw()
    line: Raw = Raw()


_decoder = msgspec.json.Decoder(Read)
_several = msgspec.json.Decoder(list[Read])


def view(event: TaskEvent) -> EventView:
    return EventView(
        kind=event.kind,
        id=event.id,
        task_type=event.task_type,
        queue=event.queue,
        at=EPOCH + timedelta(microseconds=event.at),
        state=event.state,
        version=event.version,
        attempt=event.attempt,
        progress=_raw(event.progress),
        error=_raw(event.error),
        line=_raw(event.line),
    )


def encode(event: TaskEvent) -> bytes:
    return msgspec.json.encode(view(event))


def decode(data: bytes) -> TaskEvent:
    """Raises msgspec.DecodeError for what is no event."""
    return _event(_decoder.decode(data))


def decode_several(data: bytes) -> list[TaskEvent]:
    """Of an array. Raises msgspec.DecodeError."""
    return [_event(found) for found in _several.decode(data)]


def _event(found: Read) -> TaskEvent:
    return TaskEvent(
        found.kind,
        found.id,
        found.task_type,
        found.queue,
        (found.at - EPOCH) // MICROSECOND,
        found.state,
        found.version,
        found.attempt,
        _text(found.progress),
        _text(found.error),
        _text(found.line),
    )


def _raw(text: str | None) -> Raw | None:
    return None if text is None else Raw(text)


def _text(raw: Raw) -> str | None:
    return bytes(raw).decode() or None
