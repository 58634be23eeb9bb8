"""`submit --grpc HOST:PORT`: hand in a task to a server, and wait for its result there."""

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from taskmill.core.errors import InvalidSettings, Problem, ResultTimeout, StoreUnavailable, TaskmillError
from taskmill.core.extras import needs
from taskmill.core.state import FINAL, State
from taskmill.service.views import Created, Draft, TaskView

with needs("grpc", "--grpc"):
    import grpc
    from google.protobuf.json_format import MessageToDict
    from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
    from grpc_status.rpc_status import from_call

    from taskmill.rpc import tasks_pb2 as pb
    from taskmill.rpc.tasks_pb2_grpc import TaskServiceStub

LONGEST_WAIT = 30.0
"""Seconds of one question for the result."""
TIMEOUT = 20.0
"""Seconds of every other question."""


class RemoteTasks:
    """The few calls of the service that handing in a task takes. Each may raise a TaskmillError."""

    def __init__(self, target: str) -> None:
        """TASKMILL_TOKEN of the environment goes along."""
        self._target = target
        self._channel = grpc.insecure_channel(target)
        self._stub: Any = TaskServiceStub(self._channel)  # type: ignore[no-untyped-call]
        token = os.environ.get("TASKMILL_TOKEN")
        self._metadata = [("authorization", f"Bearer {token}")] if token else []

    def schema(self, task_type: str) -> bytes:
        found = self._ask("GetTaskType", pb.GetTaskTypeRequest(name=task_type))
        return bytes(found.task_type.schema)

    def create(self, draft: Draft) -> Created:
        given = {name: value for name, value in msgspec.structs.asdict(draft).items() if value not in (None, {}, [])}
        if priority := given.pop("priority", None):
            given["priority"] = f"PRIORITY_{priority.upper()}"
        for name in ("parameters", "meta"):
            if name in given:
                given[name] = msgspec.json.encode(given[name])
        made = self._ask("SubmitTask", pb.SubmitTaskRequest(task=pb.Draft(**given))).task
        return Created(
            id=made.id, created=made.created, state=_state(made.state), task_type=made.task_type, queue=made.queue
        )

    def ended(self, id: str, timeout: float | None) -> TaskView:
        """Raises ResultTimeout."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = LONGEST_WAIT if end is None else min(LONGEST_WAIT, end - time.monotonic())
            if left <= 0:
                raise ResultTimeout(f"task {id} has not ended within {timeout:g} s; it goes on")
            with contextlib.suppress(_NoResult):
                self._ask("GetTaskResult", pb.GetTaskResultRequest(id=id, wait_seconds=left), left)
            task = self._ask("GetTask", pb.GetTaskRequest(id=id)).task
            if _state(task.state) in FINAL:
                return _view(task)

    def close(self) -> None:
        self._channel.close()

    def _ask(self, method: str, request: Any, wait: float = 0.0) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=wait + TIMEOUT, metadata=self._metadata)
        except grpc.RpcError as failed:
            raise self._explained(failed) from None

    def _explained(self, failed: Any) -> TaskmillError:
        info, problems = ErrorInfo(), list[Problem]()
        for detail in getattr(from_call(failed), "details", ()):
            bad = BadRequest()
            if detail.Unpack(bad):
                problems += [Problem(one.field, one.description) for one in bad.field_violations]
            detail.Unpack(info)
        if info.domain != "taskmill":
            what = f"nobody speaks gRPC at {self._target}: {failed.details()}"
            return StoreUnavailable(what, hint="is a server running there? `taskmill up` says where it speaks gRPC")
        code = info.reason.lower()
        if code in ("task_failed", "task_cancelled"):
            return _NoResult(failed.details())
        kind = next((kind for kind in _kinds(TaskmillError) if kind.code == code), TaskmillError)
        return kind(failed.details(), hint=info.metadata.get("hint"), problems=problems)


class _NoResult(TaskmillError):
    """The task has ended without one."""


@contextlib.contextmanager
def remote_tasks(target: str) -> Iterator[RemoteTasks]:
    if not target.rpartition(":")[2].isdigit():
        raise InvalidSettings(f"--grpc {target!r} is not of the form HOST:PORT", hint="for example 127.0.0.1:50051")
    tasks = RemoteTasks(target)
    try:
        yield tasks
    finally:
        tasks.close()


def _kinds(kind: type[TaskmillError]) -> Iterator[type[TaskmillError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _state(number: int) -> State:
    return State(pb.State.Name(number).removeprefix("STATE_").lower())


def _view(task: Any) -> TaskView:
    given = MessageToDict(task, preserving_proto_field_name=True)
    for name in ("progress", "error", "meta", "parameters", "result"):
        given[name] = msgspec.Raw(getattr(task, name)) if task.HasField(name) else None
    given |= {
        "state": _state(task.state),
        "priority": pb.Priority.Name(task.priority).removeprefix("PRIORITY_").lower(),
    }
    empty: dict[str, Any] = dict.fromkeys(("timeout", "key", "expires_at", "started_at", "finished_at", "worker"))
    limits = {"attempt": task.attempt, "attempt_limit": task.attempt_limit, "cancel_requested": task.cancel_requested}
    return TaskView(**(empty | {"tags": []} | given | limits))
