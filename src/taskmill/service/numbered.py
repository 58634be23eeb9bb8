"""`message` tasks with a number and a name, which is their message: made, renamed while they wait, and taken out."""

from typing import Any

import msgspec

from taskmill.core import times
from taskmill.core.errors import Conflict, NotFound
from taskmill.core.ids import parse as parse_id
from taskmill.core.state import CREATED
from taskmill.engine.client import control
from taskmill.engine.live.lookup import not_found
from taskmill.engine.notifier import Notifier
from taskmill.service.admission import admit
from taskmill.service.aside import Aside
from taskmill.service.task_types import TaskTypeCache
from taskmill.service.views import Draft

TASK_TYPE = "message"
DIGITS = 18


def message(name: str) -> Draft:
    parameters: dict[str, Any] = {"message": name}
    return Draft(task_type=TASK_TYPE, parameters=parameters)


def name_of(task_type: str, parameters: msgspec.Raw | str) -> str:
    """The message, or the task type of another task."""
    found = msgspec.json.decode(parameters).get("message")
    return found if task_type == TASK_TYPE and isinstance(found, str) else task_type


class NumberedTasks:
    def __init__(self, notifier: Notifier, task_types: TaskTypeCache, aside: Aside) -> None:
        self._notifier = notifier
        self._store = notifier.store
        self._task_types = task_types
        self._aside = aside

    async def id(self, text: str) -> str:
        """The UUID of a task whose number or UUID is given. Raises NotFound."""
        if text.isascii() and text.isdigit() and len(text) <= DIGITS:
            id = await self._store.numbered(int(text))
        else:
            id = parse_id(text)
        if id is None:
            raise NotFound(f"there is no task {text[:64]!r}: give its number or its UUID")
        return id

    async def number(self, id: str) -> int | None:
        """None: it has none."""
        return (await self._store.numbers([id])).get(id)

    async def give_number(self, id: str) -> int | None:
        """The next one, or the one it has. None: there is no such task."""
        return await self._store.number(id)

    async def rename(self, id: str, name: str) -> None:
        """Only while it waits to run. Raises NotFound, Conflict, InvalidParameters."""
        parameters = (await admit(message(name), self._task_types, self._aside, times.now())).spec.parameters
        for _ in range(control.ROUNDS):
            task = (await self._store.get([id])).get(id)
            if task is None:
                raise not_found(id)
            if task.spec.task_type != TASK_TYPE:
                raise Conflict(f"a task of type {task.spec.task_type} has no name of its own to change")
            if task.head.state not in CREATED:
                raise Conflict(f"the task is {task.head.state}; only one that waits can be renamed")
            if await self._store.set_parameters(id, task.head.version, parameters):
                return
        raise Conflict("the task keeps changing", hint="send it again")

    async def delete(self, id: str) -> None:
        """Also one that waits. Raises NotFound, Conflict for one that runs."""
        [verdict] = await control.remove(self._notifier, [id])
        if verdict.reason == "not_found":
            raise not_found(id)
        if not verdict.done:
            raise Conflict(verdict.reason)
