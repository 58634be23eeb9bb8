"""The task types that workers registered, kept at hand with a compiled validator each."""

import json
import logging
import time
from typing import Any, NamedTuple

from jsonschema_rs import Validator, validator_for

from taskmill.catalogue.settings import check_on, current
from taskmill.core.errors import UnknownTaskType
from taskmill.core.suggest import near_names
from taskmill.core.task import PRIORITIES, SECOND, Priority
from taskmill.stores.contract import Registry, TaskTypeRow

log = logging.getLogger(__name__)
FRESH = 1.0
"""Seconds for which what was read is good."""


class TaskType(NamedTuple):
    row: TaskTypeRow
    validator: Validator
    names: tuple[str, ...]
    """Of its parameters."""
    attempt_limit: int
    retry: str | None
    timeout: int | None
    """Microseconds."""
    priority: int


class TaskTypes:
    """Read again when a second has passed, and at once when a name is missing."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, TaskType] = {}
        self._read_at = 0.0

    async def get(self, name: str) -> TaskType:
        """Raises UnknownTaskType with the names that come near, or because it is switched off."""
        check_on(name)
        now = time.monotonic()
        if now - self._read_at > FRESH:
            self._read_at = now
            await self.read()
        if name not in self._known:
            await self.read()
        if name not in self._known:
            raise UnknownTaskType(f"no task type {name[:128]!r} is known", hint=self._hint(name))
        return self._known[name]

    async def read(self) -> list[TaskType]:
        rows, off = await self._registry.task_types(), current().disabled_types
        self._known = {row.name: self._compiled(row) for row in rows if row.name not in off}
        return list(self._known.values())

    def _compiled(self, row: TaskTypeRow) -> TaskType:
        before = self._known.get(row.name)
        if before and (before.row.schema, before.row.options) == (row.schema, row.options):
            return before._replace(row=row)
        return _compile(row)

    def _hint(self, name: str) -> str:
        if not self._known:
            return "no worker has registered a task type yet; start one"
        return near_names(name, self._known) or "`taskmill types` and GET /api/task-types list all"


def _compile(row: TaskTypeRow) -> TaskType:
    options = json.loads(row.options)
    retry, timeout = options.get("retry"), options.get("timeout")
    schema = json.loads(row.schema)
    return TaskType(
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
        return validator_for(schema, offline=True)
    except Exception as broken:
        log.warning("the schema of task type %s cannot be used (%s); its parameters are not checked", name, broken)
        return validator_for({})
