"""Routes for callers of simpler services: what they send becomes a `message` task."""

from typing import Annotated

from msgspec import Meta, Struct

from taskmill.core.state import State
from taskmill.server.rest.decoding import Body
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.server.rest.tasks import REFUSALS
from taskmill.service import views
from taskmill.service.numbered import message, name_of


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

    id: Annotated[int | None, Meta(description="Its number: 1, 2, 3 …; null for a task that was not made here.")]
    name: str
    status: State


MESSAGE, NAMED = Body(Message), Body(Named)


async def send(call: HttpCall) -> Reply:
    text = (await call.body(MESSAGE, call.service.limits.body)).message
    created = await call.service.create(message(text))
    return ok(Sent(id=created.id, status=created.state, message=text), 201)


async def create(call: HttpCall) -> Reply:
    name = (await call.body(NAMED, call.service.limits.body)).name
    created = await call.service.create(message(name))
    number = await call.service.numbered.give_number(created.id)
    headers = ((b"location", f"/tasks/{number}".encode()), _link(created.id))
    return ok(NamedTask(id=number, name=name, status=created.state), 201, headers)


async def read(call: HttpCall) -> Reply:
    return await _shown(call, await call.service.numbered.id(call.names[0]))


async def rename(call: HttpCall) -> Reply:
    name = (await call.body(NAMED, call.service.limits.body)).name
    id = await call.service.numbered.id(call.names[0])
    await call.service.numbered.rename(id, name)
    return await _shown(call, id)


async def replace(call: HttpCall) -> Reply:
    """A name is all that can be replaced."""
    return await rename(call)


async def delete(call: HttpCall) -> Reply:
    await call.service.numbered.delete(await call.service.numbered.id(call.names[0]))
    return Reply(204)


async def _shown(call: HttpCall, id: str) -> Reply:
    task = await call.service.get(id)
    number = await call.service.numbered.number(id)
    view = NamedTask(id=number, name=name_of(task.task_type, task.parameters), status=task.state)
    return ok(view, 200, (_link(id),))


def _link(id: str) -> tuple[bytes, bytes]:
    """To all that is known of the task."""
    return b"link", f'</api/tasks/{id}>; rel="describedby"'.encode()


TASK = "/tasks/{number}"
RENAME = "Rename a `message` task that waits to run"
ERRORS = (*REFUSALS, "invalid_parameters", "unknown_task_type")
CHANGES = (*ERRORS, "not_found", "conflict")
ROUTES = (
    Route("POST", "/send", send, "Store a `message` task", {201: Sent}, body=Message, errors=ERRORS),
    Route(
        "POST",
        "/tasks",
        create,
        "Store a `message` task by its name; it gets a number: 1, 2, 3 …",
        {201: NamedTask},
        body=Named,
        errors=ERRORS,
    ),
    Route("GET", TASK, read, "Read a task by its number or its UUID", {200: NamedTask}, errors=("not_found",)),
    Route("PUT", TASK, replace, RENAME, {200: NamedTask}, body=Named, errors=CHANGES),
    Route("PATCH", TASK, rename, RENAME, {200: NamedTask}, body=Named, errors=CHANGES),
    Route("DELETE", TASK, delete, "Take a task out that is not running", {204: None}, errors=("not_found", "conflict")),
)
