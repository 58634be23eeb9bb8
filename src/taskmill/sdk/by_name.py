"""A task type whose code is elsewhere: enqueued by its name, as workers registered it in the store."""

import functools
import inspect
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from taskmill.core import limits
from taskmill.core.errors import InvalidParameters, Problem, UnknownTaskType
from taskmill.core.suggest import near_names
from taskmill.core.task import PRIORITIES, SECOND, Priority
from taskmill.sdk.codec import Codec
from taskmill.sdk.options import Options
from taskmill.sdk.round_trip import promise
from taskmill.sdk.task import Task
from taskmill.stores.contract import TaskTypeRow

if TYPE_CHECKING:
    from taskmill.sdk.app import App


class RegisteredTask(Task[..., Any]):
    """Parameters are given by name and checked by the schema; results are as JSON has them."""

    def __init__(self, app: "App", row: TaskTypeRow) -> None:
        chosen, self._schema = json.loads(row.options), json.loads(row.schema)
        timeout, retry = chosen.get("timeout"), chosen.get("retry")
        kept = Options(
            row.queue,
            PRIORITIES.get(chosen.get("priority"), Priority.NORMAL),
            int(chosen.get("attempt_limit") or 1),
            json.dumps(retry) if isinstance(retry, dict) else retry,
            None if timeout is None else round(timeout * SECOND),
        )
        super().__init__(app, _stand_in(row, self._schema), row.name, "threads", kept, None)

    def schema(self) -> dict[str, Any]:
        return dict(self._schema)

    @functools.cached_property
    def _codec(self) -> Codec:
        return _SchemaCodec(self.fn, self.name, self._shape, self._schema)


class _SchemaCodec(Codec):
    def __init__(self, fn: Any, task_type: str, shape: Any, schema: dict[str, Any]) -> None:
        from jsonschema_rs import validator_for  # apps that have the code of their tasks need it not

        super().__init__(fn, task_type, shape)
        self._promises = dict.fromkeys(self._promises, promise(Any, lenient=True))  # it is the schema that decides
        self._validator = validator_for(schema, offline=True)

    def encode(self, arguments: Mapping[str, Any]) -> str:
        text = super().encode(arguments)
        errors = islice(self._validator.iter_errors(json.loads(text)), limits.PROBLEMS)
        if problems := [Problem(_path(error.instance_path), error.message) for error in errors]:
            path, message = problems[0]
            raise InvalidParameters(f"{self._task_type}: {path}: {message}", problems=problems)
        return text


def named(app: "App", name: str, rows: Sequence[TaskTypeRow]) -> Task[..., Any]:
    """Raises UnknownTaskType."""
    known = {row.name: row for row in rows}
    if name not in known:
        hint = near_names(name, [*known, *app.tasks]) or "`taskmill types` lists all that a worker has registered"
        raise UnknownTaskType(f"no task type {name[:128]!r} is known", hint=hint)
    return RegisteredTask(app, known[name])


def _stand_in(row: TaskTypeRow, schema: dict[str, Any]) -> Any:
    """A function with the parameters of the handler."""
    required, keyword = set(schema.get("required", ())), inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, keyword, default=inspect.Parameter.empty if name in required else None)
        for name in schema.get("properties", ())
    ]

    def elsewhere(**_: Any) -> Any:
        raise NotImplementedError

    elsewhere.__name__ = elsewhere.__qualname__ = row.name
    elsewhere.__doc__ = row.description
    elsewhere.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    elsewhere.__annotations__ = {}
    return elsewhere


def _path(steps: Sequence[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
