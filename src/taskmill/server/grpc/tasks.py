"""taskmill.v1.TaskService: each method translates, calls the service, and translates back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from taskmill.core.errors import TaskmillError
from taskmill.rpc import tasks_pb2 as pb
from taskmill.rpc.tasks_pb2_grpc import TaskServiceServicer
from taskmill.server.grpc.calls import Face, storing, stream, unary
from taskmill.server.grpc.translate import draft, filled, where
from taskmill.service import views
from taskmill.service.batch import BatchOutcome
from taskmill.service.service import Service
from taskmill.service.streams import EventGap, EventStream, TaskChange, TaskEnd, TaskGone

PAGE = 50
SILENCE = 15.0
"""Seconds after which a stream looks whether it may go on."""


class TaskService(Face, TaskServiceServicer):
    @unary
    @storing
    async def SubmitTask(self, service: Service, request: pb.SubmitTaskRequest) -> pb.SubmitTaskResponse:
        key = request.idempotency_key if request.HasField("idempotency_key") else None
        created = await service.create(draft(request.task), key)
        return pb.SubmitTaskResponse(task=filled(pb.Created(), created))

    @unary
    @storing
    async def SubmitTasks(self, service: Service, request: pb.SubmitTasksRequest) -> pb.SubmitTasksResponse:
        key = request.idempotency_key if request.HasField("idempotency_key") else None
        outcome = await service.create_batch(request.tasks, _read, key)
        response: pb.SubmitTasksResponse = _outcomes(pb.SubmitTasksResponse(), outcome)
        return response

    @stream
    async def SubmitTaskStream(
        self, service: Service, requests: AsyncIterator[pb.SubmitTaskStreamRequest]
    ) -> AsyncIterator[pb.SubmitTaskStreamResponse]:
        async for request in requests:
            outcome = await asyncio.shield(asyncio.ensure_future(service.create_batch(request.tasks, _read)))
            yield _outcomes(pb.SubmitTaskStreamResponse(), outcome)

    @unary
    async def GetTask(self, service: Service, request: pb.GetTaskRequest) -> pb.GetTaskResponse:
        return pb.GetTaskResponse(task=_task(await service.get(request.id)))

    @unary
    async def GetTaskStatus(self, service: Service, request: pb.GetTaskStatusRequest) -> pb.GetTaskStatusResponse:
        return filled(pb.GetTaskStatusResponse(), await service.status(request.id))

    @unary
    async def GetTaskResult(self, service: Service, request: pb.GetTaskResultRequest) -> pb.GetTaskResultResponse:
        return filled(pb.GetTaskResultResponse(), await service.result(request.id, request.wait_seconds))

    @unary
    async def ListTasks(self, service: Service, request: pb.ListTasksRequest) -> pb.ListTasksResponse:
        cursor = request.cursor if request.HasField("cursor") else None
        page = await service.tasks(where(request.filter), request.limit or PAGE, cursor)
        return filled(pb.ListTasksResponse(), page)

    @unary
    async def ListAttempts(self, service: Service, request: pb.ListAttemptsRequest) -> pb.ListAttemptsResponse:
        return filled(pb.ListAttemptsResponse(), await service.attempts(request.id))

    @unary
    async def CancelTask(self, service: Service, request: pb.CancelTaskRequest) -> pb.CancelTaskResponse:
        return pb.CancelTaskResponse(task=_task(await service.cancel(request.id)))

    @unary
    async def RetryTask(self, service: Service, request: pb.RetryTaskRequest) -> pb.RetryTaskResponse:
        return pb.RetryTaskResponse(task=_task(await service.retry(request.id)))

    @unary
    async def DeleteTask(self, service: Service, request: pb.DeleteTaskRequest) -> pb.DeleteTaskResponse:
        await service.delete(request.id)
        return pb.DeleteTaskResponse()

    @unary
    @storing
    async def CancelTasks(self, service: Service, request: pb.CancelTasksRequest) -> pb.CancelTasksResponse:
        done = await service.cancel_matching(where(request.filter, all=request.all, dry_run=request.dry_run))
        return pb.CancelTasksResponse(result=filled(pb.BulkResult(), done))

    @unary
    @storing
    async def RetryTasks(self, service: Service, request: pb.RetryTasksRequest) -> pb.RetryTasksResponse:
        done = await service.retry_matching(where(request.filter, all=request.all, dry_run=request.dry_run))
        return pb.RetryTasksResponse(result=filled(pb.BulkResult(), done))

    @unary
    @storing
    async def DeleteTasks(self, service: Service, request: pb.DeleteTasksRequest) -> pb.DeleteTasksResponse:
        done = await service.delete_matching(where(request.filter, all=request.all, dry_run=request.dry_run))
        return pb.DeleteTasksResponse(result=filled(pb.BulkResult(), done))

    @stream
    async def WatchTask(self, service: Service, request: pb.WatchTaskRequest) -> AsyncIterator[pb.WatchTaskResponse]:
        last = request.last_event_id if request.HasField("last_event_id") else None
        async for response in _items(await service.task_stream(request.id, last), pb.WatchTaskResponse):
            yield response

    @stream
    async def WatchTasks(self, service: Service, request: pb.WatchTasksRequest) -> AsyncIterator[pb.WatchTasksResponse]:
        last = request.last_event_id if request.HasField("last_event_id") else None
        watched = await service.filtered_stream(list(request.queues), list(request.task_types), list(request.ids), last)
        async for response in _items(watched, pb.WatchTasksResponse):
            yield response

    @unary
    async def ListQueues(self, service: Service, request: pb.ListQueuesRequest) -> pb.ListQueuesResponse:
        return filled(pb.ListQueuesResponse(), await service.queues())

    @unary
    async def PauseQueue(self, service: Service, request: pb.PauseQueueRequest) -> pb.PauseQueueResponse:
        return filled(pb.PauseQueueResponse(), await service.pause(request.name))

    @unary
    async def ResumeQueue(self, service: Service, request: pb.ResumeQueueRequest) -> pb.ResumeQueueResponse:
        return filled(pb.ResumeQueueResponse(), await service.resume(request.name))

    @unary
    async def ListWorkers(self, service: Service, request: pb.ListWorkersRequest) -> pb.ListWorkersResponse:
        return filled(pb.ListWorkersResponse(), await service.workers())

    @unary
    async def ListTaskTypes(self, service: Service, request: pb.ListTaskTypesRequest) -> pb.ListTaskTypesResponse:
        return filled(pb.ListTaskTypesResponse(), await service.task_types())

    @unary
    async def GetTaskType(self, service: Service, request: pb.GetTaskTypeRequest) -> pb.GetTaskTypeResponse:
        return pb.GetTaskTypeResponse(task_type=filled(pb.TaskType(), await service.task_type(request.name)))

    @unary
    async def GetStats(self, service: Service, request: pb.GetStatsRequest) -> pb.GetStatsResponse:
        return filled(pb.GetStatsResponse(), await service.stats())


async def _read(message: pb.Draft) -> views.Draft:
    return draft(message)


def _task(view: views.TaskView) -> pb.Task:
    return filled(pb.Task(), view)


def _outcomes(response: Any, outcome: BatchOutcome) -> Any:
    response.created, response.existing, response.refused = outcome.created, outcome.existing, outcome.refused
    for result in outcome.results:
        one = response.outcomes.add()
        if isinstance(result, TaskmillError):
            fields = [pb.FieldProblem(path=path, message=message) for path, message in result.problems]
            one.problem.CopyFrom(pb.Problem(code=result.code, detail=str(result), fields=fields))
        else:
            filled(one.task, result)
    return response


async def _items(watched: EventStream, shape: Any) -> AsyncIterator[Any]:
    try:
        while not watched.over:
            for item in await watched.next(SILENCE):
                match item:
                    case TaskChange(view, id):
                        yield shape(event=filled(pb.Event(), view), event_id=id)
                    case EventGap(gap, id):
                        yield shape(gap=filled(pb.Gap(), gap), event_id=id)
                    case TaskEnd(end):
                        yield shape(ending=filled(pb.Ending(), end))
                    case TaskGone(error):
                        raise error
    finally:
        watched.close()
