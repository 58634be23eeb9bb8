"""What is left of a view for who may not see what is in tasks: which they are, how they are, and no word of them."""

import json
from typing import Any

import msgspec
from msgspec import Raw

from taskmill.core.errors import TaskError
from taskmill.service import views
from taskmill.service.streams import EventStream, StreamItem, TaskChange, TaskEnd

EMPTY = Raw(b"{}")
TELLING = frozenset(
    {views.TaskSummary, views.TaskView, views.TaskPage, views.ResultView, views.StatusView, views.EndView}
    | {views.AttemptView, views.Attempts, views.EventView}
)
"""Views that have something in them."""


def hidden(view: Any) -> Any:
    """Changes the view, which nobody else has."""
    if type(view) not in TELLING:
        return view
    match view:
        case views.TaskView():
            view.parameters, view.result = EMPTY, None
        case views.ResultView():
            view.result = None
        case views.AttemptView():
            view.log = None
        case views.EventView():
            view.line = None
        case views.TaskPage():
            for task in view.tasks:
                hidden(task)
        case views.Attempts():
            for attempt in view.attempts:
                hidden(attempt)
    if isinstance(view, views.TaskSummary | views.AttemptView | views.EventView | views.EndView):
        view.error = _parts(view.error, "code", "type")
    if isinstance(view, views.TaskSummary | views.ResultView | views.StatusView | views.EventView):
        view.progress = _parts(view.progress, "fraction")
    return view


def hidden_failure(error: TaskError) -> TaskError:
    if error.failure is not None:
        error.failure = bytes(_parts(Raw(error.failure), "code", "type") or b"null").decode()
    return error


def _parts(document: Raw | None, *names: str) -> Raw | None:
    if document is None:
        return None
    whole = msgspec.json.decode(document)
    return Raw(json.dumps({name: whole[name] for name in names if name in whole}).encode())


class HiddenStream:
    """Without lines of logs, and what is left of the rest."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream

    @property
    def over(self) -> bool:
        return self._stream.over

    @property
    def position(self) -> str | None:
        return self._stream.position

    async def next(self, timeout: float) -> list[StreamItem]:
        items = await self._stream.next(timeout)
        for item in items:
            if isinstance(item, TaskChange | TaskEnd):
                hidden(item.view)
        return [item for item in items if not (isinstance(item, TaskChange) and item.view.kind == "log")]

    def close(self) -> None:
        self._stream.close()
