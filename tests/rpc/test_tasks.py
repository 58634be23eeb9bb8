"""taskmill.v1 with grpcio's own synchronous client, on a real server with a real worker."""

import json
import time
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status.rpc_status import from_call

from taskmill.core.errors import TaskmillError
from taskmill.rpc import tasks_pb2 as pb
from taskmill.rpc.tasks_pb2_grpc import TaskServiceServicer
from taskmill.server.grpc.faults import status
from taskmill.server.grpc.tasks import TaskService
from taskmill.service.errors import KINDS
from tests.cli.conftest import call_real
from tests.rpc.conftest import Served

pytestmark = pytest.mark.slow
MATH = pb.Draft(task_type="math", parameters=b'{"expression": "1 + 2 * 5"}')
SLEEP = pb.Draft(task_type="sleep", parameters=b'{"seconds": 60}')


def submit(served: Served, task: pb.Draft) -> Any:
    return served.tasks.SubmitTask(pb.SubmitTaskRequest(task=task)).task


def refused(call: Any, *args: Any, **named: Any) -> tuple[grpc.StatusCode, str, list[str]]:
    """The status, the reason and the paths of the fields."""
    with pytest.raises(grpc.RpcError) as raised:
        call(*args, **named)
    info, bad = ErrorInfo(), BadRequest()
    for detail in from_call(raised.value).details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return raised.value.code(), info.reason, [one.field for one in bad.field_violations]


def until_running(served: Served, id: str) -> None:
    for response in served.tasks.WatchTask(pb.WatchTaskRequest(id=id), timeout=20):
        if response.event.state == pb.STATE_RUNNING:
            return


def test_the_life_of_a_task(served: Served) -> None:
    draft = pb.Draft(queue="default", priority=pb.PRIORITY_HIGH, tags=["a"], meta=b'{"customer": 42}', retries=0)
    draft.MergeFrom(MATH)
    made = submit(served, draft)
    assert (made.created, made.task_type) == (True, "math")
    done = served.tasks.GetTaskResult(pb.GetTaskResultRequest(id=made.id, wait_seconds=20))
    assert (done.state, json.loads(done.result)) == (pb.STATE_SUCCEEDED, 11)
    task = served.tasks.GetTask(pb.GetTaskRequest(id=made.id)).task
    assert (task.priority, list(task.tags), task.attempt_limit) == (pb.PRIORITY_HIGH, ["a"], 1)
    assert json.loads(task.meta) == {"customer": 42, "origin": {"who": "local", "face": "grpc"}}
    assert json.loads(task.parameters) == {"expression": "1 + 2 * 5"}
    assert task.created_at.ToDatetime() <= task.finished_at.ToDatetime()
    [attempt] = served.tasks.ListAttempts(pb.ListAttemptsRequest(id=made.id)).attempts
    assert (attempt.number, attempt.outcome) == (1, "succeeded")
    assert served.tasks.GetTaskStatus(pb.GetTaskStatusRequest(id=made.id)).state == pb.STATE_SUCCEEDED
    found = served.tasks.ListTasks(pb.ListTasksRequest(filter=pb.Filter(meta=b'{"customer": 42}')))
    assert [one.id for one in found.tasks] == [made.id]
    served.tasks.DeleteTask(pb.DeleteTaskRequest(id=made.id))
    assert refused(served.tasks.GetTask, pb.GetTaskRequest(id=made.id))[:2] == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


def test_cancel_retry_and_bulk(served: Served) -> None:
    delayed = pb.Draft(delay=3600, queue="later")
    delayed.MergeFrom(MATH)
    ids = [submit(served, delayed).id for _ in range(3)]
    assert served.tasks.CancelTask(pb.CancelTaskRequest(id=ids[0])).task.state == pb.STATE_CANCELLED
    assert served.tasks.RetryTask(pb.RetryTaskRequest(id=ids[0])).task.state != pb.STATE_CANCELLED
    where = pb.Filter(queue=["later"], state=[pb.STATE_SCHEDULED])
    counted = served.tasks.CancelTasks(pb.CancelTasksRequest(filter=where, dry_run=True)).result
    done = served.tasks.CancelTasks(pb.CancelTasksRequest(filter=where)).result
    assert (counted.matched, counted.done, done.done) == (2, 0, 2)
    cancelled = pb.Filter(queue=["later"], state=[pb.STATE_CANCELLED])
    assert served.tasks.RetryTasks(pb.RetryTasksRequest(filter=cancelled)).result.done == 2
    for id in ids:
        served.tasks.GetTaskResult(pb.GetTaskResultRequest(id=id, wait_seconds=20))
    assert served.tasks.DeleteTasks(pb.DeleteTasksRequest(filter=pb.Filter(queue=["later"]))).result.done == 3
    code, reason, _ = refused(served.tasks.CancelTasks, pb.CancelTasksRequest())
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")


def test_a_running_task_is_watched_to_its_end(served: Served) -> None:
    id = submit(served, SLEEP).id
    until_running(served, id)
    assert served.tasks.CancelTask(pb.CancelTaskRequest(id=id)).task.cancel_requested
    items = list(served.tasks.WatchTask(pb.WatchTaskRequest(id=id), timeout=20))
    assert items[-1].ending.state == pb.STATE_CANCELLED
    seen = next(item.event_id for item in items if item.event_id)
    again = list(served.tasks.WatchTask(pb.WatchTaskRequest(id=id, last_event_id=seen), timeout=20))
    assert again[-1].ending.state == pb.STATE_CANCELLED
    assert seen not in [item.event_id for item in again]
    code, reason, _ = refused(served.tasks.GetTaskResult, pb.GetTaskResultRequest(id=id))
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TASK_CANCELLED")


def test_many_tasks_are_watched(served: Served) -> None:
    watched = served.tasks.WatchTasks(pb.WatchTasksRequest(task_types=["math"]), timeout=20)
    made: set[str] = set()
    for _ in range(20):  # the first ones may come before it listens
        made.add(submit(served, MATH).id)
    item = next(watched)
    watched.cancel()
    assert (item.event.task_type, item.event.id in made) == ("math", True)


def test_many_at_once_and_by_a_stream(served: Served) -> None:
    drafts = [MATH, pb.Draft(task_type="mth"), pb.Draft(task_type="math")]
    done = served.tasks.SubmitTasks(pb.SubmitTasksRequest(tasks=drafts))
    assert (done.created, done.refused) == (1, 2)
    assert [one.problem.code for one in done.outcomes] == ["", "unknown_task_type", "invalid_parameters"]
    assert done.outcomes[2].problem.fields[0].path == "$.parameters.expression"
    requests = (pb.SubmitTaskStreamRequest(tasks=[MATH] * 100) for _ in range(5))
    assert [one.created for one in served.tasks.SubmitTaskStream(requests)] == [100] * 5


def test_a_repeat_makes_no_second_task(served: Served) -> None:
    key = str(uuid4())
    request = pb.SubmitTaskRequest(task=MATH, idempotency_key=key)
    first, second = (served.tasks.SubmitTask(request).task for _ in range(2))
    assert (first.id, first.created, second.created) == (second.id, True, False)
    other = pb.SubmitTaskRequest(task=SLEEP, idempotency_key=key)
    code, reason, _ = refused(served.tasks.SubmitTask, other)
    assert (code, reason) == (grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_MISMATCH")


def test_what_is_around_the_tasks(served: Served) -> None:
    assert served.tasks.PauseQueue(pb.PauseQueueRequest(name="q")).paused
    assert [one.paused for one in served.tasks.ListQueues(pb.ListQueuesRequest()).queues if one.name == "q"] == [True]
    assert not served.tasks.ResumeQueue(pb.ResumeQueueRequest(name="q")).paused
    assert [one.alive for one in served.tasks.ListWorkers(pb.ListWorkersRequest()).workers] == [True]
    types = {one.name: one for one in served.tasks.ListTaskTypes(pb.ListTaskTypesRequest()).task_types}
    assert json.loads(types["math"].schema)["properties"].keys() >= {"expression"}
    assert served.tasks.GetTaskType(pb.GetTaskTypeRequest(name="math")).task_type == types["math"]
    assert served.tasks.GetStats(pb.GetStatsRequest()).total >= 0


NINE: Any = 9
WRONG = {
    "a field": (pb.Draft(task_type="math"), "INVALID_PARAMETERS", ["$.parameters.expression"]),
    "no JSON": (pb.Draft(task_type="math", parameters=b"["), "INVALID_PARAMETERS", ["$.parameters"]),
    "no UTF-8": (pb.Draft(task_type="math", parameters=b'{"expression": "\xff"}'), "INVALID_PARAMETERS", None),
    "a priority": (pb.Draft(task_type="math", priority=NINE), "INVALID_REQUEST", ["$.priority"]),
    "a queue": (pb.Draft(task_type="math", queue="a\nb", parameters=MATH.parameters), "INVALID_REQUEST", ["$.queue"]),
    "meta": (pb.Draft(task_type="math", meta=b'{"a": []}'), "INVALID_REQUEST", ["$.meta[...]"]),
    "deep": (pb.Draft(task_type="math", parameters=b'{"expression": ' + b"[" * 9000), "INVALID_PARAMETERS", None),
}


@pytest.mark.parametrize(("task", "reason", "paths"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_with_its_path(
    served: Served, task: pb.Draft, reason: str, paths: list[str] | None
) -> None:
    code, found, fields = refused(served.tasks.SubmitTask, pb.SubmitTaskRequest(task=task))
    assert (code, found) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert paths in (None, fields)


@pytest.mark.parametrize("id", ["", "x", "01a2015b-acf3-7ed7-ad4d-7245a1597141", "é" * 1000])
def test_a_task_that_is_not_there(served: Served, id: str) -> None:
    for method, request in (
        ("GetTask", pb.GetTaskRequest(id=id)),
        ("GetTaskResult", pb.GetTaskResultRequest(id=id)),
        ("CancelTask", pb.CancelTaskRequest(id=id)),
    ):
        code, reason, _ = refused(getattr(served.tasks, method), request)
        assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    code, _, _ = refused(lambda: list(served.tasks.WatchTask(pb.WatchTaskRequest(id=id))))
    assert code is grpc.StatusCode.NOT_FOUND


def test_deadlines_and_sizes_are_kept(served: Served) -> None:
    id = submit(served, SLEEP).id
    started = time.monotonic()
    with pytest.raises(grpc.RpcError) as late:
        served.tasks.GetTaskResult(pb.GetTaskResultRequest(id=id, wait_seconds=30), timeout=0.5)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 5
    served.tasks.CancelTask(pb.CancelTaskRequest(id=id))
    big = pb.Draft(task_type="message", parameters=b'{"message": "' + b"x" * (33 * 2**20) + b'"}')
    with pytest.raises(grpc.RpcError) as large:
        submit(served, big)
    assert large.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert submit(served, MATH).created, "it goes on"


def test_health_and_reflection(served: Served) -> None:
    checks = health_pb2_grpc.HealthStub(served.channel)
    for name in ("", "taskmill.v1.TaskService", "taskqueue.TaskQueue"):
        assert checks.Check(health_pb2.HealthCheckRequest(service=name)).status == 1
    database = ProtoReflectionDescriptorDatabase(served.channel)
    assert {"taskmill.v1.TaskService", "taskqueue.TaskQueue", "grpc.health.v1.Health"} <= set(database.get_services())


def test_the_command_line_over_grpc(served: Served) -> None:
    submit = ["submit", "--grpc", served.target, "-T", "math", "-P"]
    assert call_real(*submit, "1 + 2 * 5", cwd=served.folder).stdout == "11\n"
    wrong = call_real(*submit, "1 / 0", cwd=served.folder)
    assert (wrong.returncode, "division by zero" in wrong.stderr) == (1, True)
    unknown = call_real("submit", "--grpc", served.target, "-T", "mth", "-P", "1", cwd=served.folder)
    assert "did you mean math?" in unknown.stderr
    nobody = call_real("submit", "--grpc", "127.0.0.1:1", "-T", "math", "-P", "1", cwd=served.folder)
    assert (nobody.returncode, "nobody speaks gRPC" in nobody.stderr) == (4, True)
    assert "not of the form HOST:PORT" in call_real("submit", "--grpc", "x", "-T", "math", cwd=served.folder).stderr


def test_every_method_of_the_proto_is_there() -> None:
    promised = {name for name in vars(TaskServiceServicer) if not name.startswith("_")}
    assert promised == {name for name in vars(TaskService) if not name.startswith("_")}


def test_every_code_has_its_status() -> None:
    for code, kind in KINDS.items():
        error = TaskmillError("why", hint="do")
        error.code = code
        answer = status(error)
        assert answer.code == grpc.StatusCode[kind.grpc].value[0]
        info, retry = ErrorInfo(), RetryInfo()
        assert answer.details[0].Unpack(info)
        assert (info.reason, info.domain, info.metadata["hint"]) == (code.upper(), "taskmill", "do")
        told = any(detail.Unpack(retry) for detail in answer.details)
        assert told is (kind.grpc == "UNAVAILABLE")
