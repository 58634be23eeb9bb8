"""Routes for callers of simpler services: what they send becomes a `message` task."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from taskmill.core.state import State
from taskmill.server.rest.decoding import Body
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.server.rest.tasks import REFUSALS
from taskmill.service import views

TASK_TYPE = "message"


class Message(Struct, kw_only=True, forbid_unknown_fields=True):
    message: Annotated[str, Meta(examples=["Manual CLI Task"])]


class Named(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(examples=["Process Data"])]


class Sent(Struct, kw_only=True):
    """The task that a message became."""

    id: views.TaskId
    status: State
    message: str


class NamedTask(Struct, kw_only=True):
    """A task by its name: the message it carries, or its task type."""

    id: views.TaskId
    name: str
    status: State


MESSAGE, NAMED = Body(Message), Body(Named)


async def send(call: HttpCall) -> Reply:
    message = (await call.body(MESSAGE, call.service.limits.body)).message
    created = await _enqueue(call, message)
    return ok(Sent(id=created.id, status=created.state, message=message), 201)


async def create(call: HttpCall) -> Reply:
    name = (await call.body(NAMED, call.service.limits.body)).name
    created = await _enqueue(call, name)
    return ok(NamedTask(id=created.id, name=name, status=created.state), 201)


async def read(call: HttpCall) -> Reply:
    task = await call.service.get(call.names[0])
    return ok(NamedTask(id=task.id, name=_name(task), status=task.state))


async def _enqueue(call: HttpCall, message: str) -> views.Created:
    return await call.service.create(views.Draft(task_type=TASK_TYPE, parameters={"message": message}))


def _name(task: views.TaskView) -> str:
    message = msgspec.json.decode(task.parameters).get("message")
    return message if task.task_type == TASK_TYPE and isinstance(message, str) else task.task_type


ERRORS = (*REFUSALS, "invalid_parameters", "unknown_task_type")
ROUTES = (
    Route("POST", "/send", send, "Store a `message` task", {201: Sent}, body=Message, errors=ERRORS),
    Route("POST", "/tasks", create, "Store a `message` task by its name", {201: NamedTask}, body=Named, errors=ERRORS),
    Route("GET", "/tasks/{id}", read, "Read a task by its name", {200: NamedTask}, errors=("not_found",)),
)
