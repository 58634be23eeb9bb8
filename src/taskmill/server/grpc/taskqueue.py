"""taskqueue.TaskQueue: three calls that simpler task queues have, all in texts."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from taskmill.core.errors import InvalidParameters, NotFound, Problem
from taskmill.core.state import FINAL, State
from taskmill.rpc import taskqueue_pb2 as pb
from taskmill.rpc.taskqueue_pb2_grpc import TaskQueueServicer
from taskmill.server.grpc.calls import Face, storing, stream, unary
from taskmill.service import views
from taskmill.service.errors import TooManyStreams
from taskmill.service.service import Service

WORDS = {
    State.SCHEDULED: "Pending",
    State.READY: "Pending",
    State.RUNNING: "Running",
    State.SUCCEEDED: "Completed",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}
UNKNOWN = "Unknown"
MOST = 1_000
"""Tasks that one stream waits for at a time."""


class TaskQueue(Face, TaskQueueServicer):
    @unary
    @storing
    async def SubmitTask(self, service: Service, request: pb.SubmitTaskRequest) -> pb.SubmitTaskResponse:
        parameters = await _parameters(service, request.task_type, request.task_payload)
        draft = views.Draft(task_type=request.task_type, parameters=parameters, id=request.task_uuid or None)
        created = await service.create(draft)
        return pb.SubmitTaskResponse(task_uuid=created.id, status=WORDS[created.state])

    @unary
    async def GetTaskStatus(self, service: Service, request: pb.GetTaskStatusRequest) -> pb.GetTaskStatusResponse:
        task = await service.get(request.task_uuid)
        return pb.GetTaskStatusResponse(task_uuid=task.id, status=WORDS[task.state], result=_result(task))

    @stream
    async def StreamTaskResults(
        self, service: Service, requests: AsyncIterator[pb.StreamTaskResultsRequest]
    ) -> AsyncIterator[pb.StreamTaskResultsResponse]:
        async for response in _results(service, requests):
            yield response

    @stream
    async def StreamTasksResults(
        self, service: Service, requests: AsyncIterator[pb.StreamTaskResultsRequest]
    ) -> AsyncIterator[pb.StreamTaskResultsResponse]:
        async for response in _results(service, requests):
            yield response


async def _results(
    service: Service, requests: AsyncIterator[pb.StreamTaskResultsRequest]
) -> AsyncIterator[pb.StreamTaskResultsResponse]:
    """Ends when no more ids come and each task has ended."""
    ready: asyncio.Queue[pb.StreamTaskResultsResponse | BaseException | None] = asyncio.Queue(MOST)
    waiting: set[asyncio.Task[None]] = set()

    async def read() -> None:
        async for request in requests:
            if len(waiting) >= MOST:
                raise TooManyStreams(f"{MOST} tasks are waited for on this stream, which is the most")
            waiting.add(task := asyncio.create_task(_follow(service, request.task_uuid, ready)))
            task.add_done_callback(waiting.discard)
        while waiting:
            await asyncio.wait(waiting)

    async def read_to_the_end() -> None:
        try:
            await read()
            await ready.put(None)
        except Exception as error:
            await ready.put(error)

    reading = asyncio.create_task(read_to_the_end())
    try:
        while (item := await ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        for task in (reading, *waiting):
            task.cancel()


async def _follow(service: Service, id: str, ready: "asyncio.Queue[Any]") -> None:
    """How it is now, and how it ended."""
    try:
        task = await service.get(id)
        if task.state not in FINAL:
            await ready.put(pb.StreamTaskResultsResponse(task_uuid=task.id, status=WORDS[task.state]))
        while task.state not in FINAL:
            task = await service.wait(id, service.limits.wait)
        await ready.put(pb.StreamTaskResultsResponse(task_uuid=task.id, result=_result(task), status=WORDS[task.state]))
    except NotFound as error:
        await ready.put(pb.StreamTaskResultsResponse(task_uuid=id, result=str(error), status=UNKNOWN))
    except Exception as error:
        await ready.put(error)


def _result(task: views.TaskView) -> str:
    if task.state is State.SUCCEEDED:
        return bytes(task.result or b"null").decode()
    if task.state in FINAL and task.error is not None:
        return bytes(task.error).decode()
    return ""


async def _parameters(service: Service, task_type: str, payload: str) -> dict[str, Any]:
    """A JSON object; or just the value, for a task type that needs exactly one. Raises InvalidParameters."""
    try:
        found = msgspec.json.decode(payload or "{}")
    except (msgspec.DecodeError, RecursionError):
        found = payload
    if isinstance(found, dict):
        return found
    schema = json.loads(bytes((await service.task_type(task_type)).schema))
    required = schema.get("required", [])
    if len(required) != 1:
        why = f"must be a JSON object: {task_type} needs {', '.join(required) or 'no single parameter'}"
        raise InvalidParameters(f"$.task_payload {why}", problems=[Problem("$.task_payload", why)])
    is_text = schema.get("properties", {}).get(required[0], {}).get("type") == "string"
    return {required[0]: payload if is_text and not isinstance(found, str) else found}
