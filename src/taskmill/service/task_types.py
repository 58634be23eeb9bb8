"""The task types that workers registered, each with a compiled validator and an example to start from."""

import json
import logging
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from jsonschema_rs import Validator, validator_for

from taskmill.core.errors import UnknownTaskType
from taskmill.core.suggest import near_names
from taskmill.core.task import PRIORITIES, SECOND, Priority
from taskmill.core.times import now
from taskmill.plugins import handlers, refuse_disabled
from taskmill.stores.contract import Registry, TaskTypeRow

log = logging.getLogger(__name__)
EXAMPLE_DEPTH = 8
LENIENT = "email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri iri-reference uri-template regex"
"""Formats that only the models who ask for them can judge."""


def _fits(kind: Any) -> Callable[[str], bool]:
    """Whether a worker makes a value of that type of a text."""

    def check(text: str) -> bool:
        try:
            msgspec.convert(text, kind)
        except msgspec.ValidationError:
            return False
        return True

    return check


FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": _fits(datetime),
    "date": _fits(date),
    "time": _fits(time_of_day),
    "duration": _fits(timedelta),
    "decimal": _fits(Decimal),
    "uuid": _fits(UUID),
} | dict.fromkeys(LENIENT.split(), lambda _: True)
EXAMPLES: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


class KnownTaskType(NamedTuple):
    row: TaskTypeRow
    validator: Validator
    names: tuple[str, ...]
    """Of its parameters."""
    attempt_limit: int
    retry: str | None
    timeout: int | None
    """Microseconds."""
    priority: int


class TaskTypeCache:
    """Read again when what was read is too old, and at once when a name is missing."""

    def __init__(self, registry: Registry, disabled: frozenset[str] = frozenset(), max_age: float = 1.0) -> None:
        """`disabled`: task types that are switched off. `max_age`: seconds."""
        self._registry = registry
        self._disabled = disabled
        self._max_age = max_age
        self._known: dict[str, KnownTaskType] = {}
        self._read_at = 0.0

    async def get(self, name: str, explain: bool = True) -> KnownTaskType:
        """Raises UnknownTaskType with the names that come near (if `explain`), or because it is switched off."""
        refuse_disabled(name, self._disabled)
        if time.monotonic() - self._read_at > self._max_age:
            self._read_at = time.monotonic()
            await self.read()
        if name not in self._known:
            await self.read()
        if name not in self._known:
            raise UnknownTaskType(f"no task type {name[:128]!r} is known", hint=self._hint(name) if explain else None)
        return self._known[name]

    async def read(self) -> list[KnownTaskType]:
        rows = await self._registry.task_types()
        self._known = {row.name: self._compiled(row) for row in rows if row.name not in self._disabled}
        return list(self._known.values())

    def _compiled(self, row: TaskTypeRow) -> KnownTaskType:
        before = self._known.get(row.name)
        if before and (before.row.schema, before.row.options) == (row.schema, row.options):
            return before._replace(row=row)
        return _compile(row)

    def _hint(self, name: str) -> str:
        if not self._known:
            return "no worker has registered a task type yet; start one: taskmill worker"
        return near_names(name, self._known) or "`taskmill types` and GET /api/task-types list all"


def shipped(disabled: frozenset[str] = frozenset()) -> list[TaskTypeRow]:
    """Those that come with Taskmill, without those that are switched off."""
    return [task.row(now()) for task in handlers(None, disabled).values()]


def _compile(row: TaskTypeRow) -> KnownTaskType:
    options = json.loads(row.options)
    retry, timeout = options.get("retry"), options.get("timeout")
    schema = json.loads(row.schema)
    return KnownTaskType(
        row,
        _validator(row.name, schema),
        tuple(schema.get("properties", ())),
        int(options.get("attempt_limit") or 1),
        retry if retry is None or isinstance(retry, str) else json.dumps(retry),
        None if timeout is None else round(timeout * SECOND),
        PRIORITIES.get(options.get("priority"), Priority.NORMAL),
    )


def _validator(name: str, schema: dict[str, Any]) -> Validator:
    """A schema that cannot be used is no reason to refuse tasks: the worker checks parameters as well."""
    try:
        return validator_for(_bounded(schema), formats=FORMATS, validate_formats=True, offline=True)
    except Exception as broken:
        log.warning("the schema of task type %s cannot be used (%s); its parameters are not checked", name, broken)
        return validator_for({})


def _bounded(schema: Any) -> Any:
    """The schema with the bounds of 64 bits for integers that have none: 1e300 is an integer for JSON Schema."""
    if isinstance(schema, list):
        return [_bounded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    bounds = {"minimum": -(2**63), "maximum": 2**63 - 1} if schema.get("type") == "integer" else {}
    return bounds | {name: _bounded(part) for name, part in schema.items()}


def example(schema: Any, root: dict[str, Any] | None = None, depth: int = EXAMPLE_DEPTH) -> Any:
    """The schema's own example, default or constant where it has one, else a value of its type."""
    if not isinstance(schema, dict) or depth == 0:
        return None
    root = schema if root is None else root
    if "$ref" in schema:
        return example(_look_up(root, schema["$ref"]), root, depth - 1)
    for choices in ("examples", "enum"):
        if schema.get(choices):
            return schema[choices][0]
    for value in ("const", "default"):
        if value in schema:
            return schema[value]
    for options in ("anyOf", "oneOf", "allOf"):
        if schema.get(options):
            return example(schema[options][0], root, depth - 1)
    return _of_type(schema, root, depth)


def _of_type(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "array":
        return [example(schema["items"], root, depth - 1)] if schema.get("items") else []
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        return {name: example(properties.get(name), root, depth - 1) for name in schema.get("required", ())}
    if kind in ("integer", "number") and isinstance(schema.get("minimum"), int | float):
        return schema["minimum"]
    return EXAMPLES.get(str(kind))


def _look_up(root: dict[str, Any], ref: Any) -> Any:
    """Only references within the schema."""
    found: Any = root
    for name in str(ref).removeprefix("#/").split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found
