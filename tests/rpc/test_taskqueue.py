"""taskqueue.TaskQueue: three calls in texts, with both spellings of the stream."""

import queue
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import grpc
import pytest

from taskmill.rpc import taskqueue_pb2 as pb
from tests.rpc.conftest import Served

pytestmark = pytest.mark.slow


def submit(served: Served, payload: str, task_type: str = "math", id: str = "") -> str:
    reply = served.queue.SubmitTask(pb.SubmitTaskRequest(task_uuid=id, task_type=task_type, task_payload=payload))
    assert reply.status == "Pending"
    found: str = reply.task_uuid
    return found


@pytest.mark.parametrize("payload", ["1 + 2 * 5", '{"expression": "1 + 2 * 5"}', '"1 + 2 * 5"'])
def test_a_payload_is_parameters_or_the_one_value(served: Served, payload: str) -> None:
    own = str(uuid4())
    assert submit(served, payload, id=own) == own
    [*_, last] = served.queue.StreamTaskResults(iter([pb.StreamTaskResultsRequest(task_uuid=own)]))
    assert (last.task_uuid, last.status, last.result) == (own, "Completed", "11")
    found = served.queue.GetTaskStatus(pb.GetTaskStatusRequest(task_uuid=own))
    assert (found.status, found.result) == ("Completed", "11")


@pytest.mark.parametrize("spelling", ["StreamTaskResults", "StreamTasksResults"])
def test_ids_come_at_any_time_and_the_end_is_kept_for_the_last(served: Served, spelling: str) -> None:
    asked: queue.Queue[str | None] = queue.Queue()

    def requests() -> Iterator[pb.StreamTaskResultsRequest]:
        while (id := asked.get()) is not None:
            yield pb.StreamTaskResultsRequest(task_uuid=id)

    first, second = submit(served, "1"), submit(served, '{"seconds": 1}', "sleep")
    asked.put(first)
    responses: Any = getattr(served.queue, spelling)(requests(), timeout=30)
    ended = {}
    for response in responses:
        if response.status == "Completed":
            ended[response.task_uuid] = response.result
            if response.task_uuid == first:
                asked.put(second)
                asked.put(None)  # half-closed: the server goes on until the second has ended
    assert ended.keys() == {first, second}


def test_what_is_wrong(served: Served) -> None:
    failed = submit(served, "1 / 0")
    asked = [pb.StreamTaskResultsRequest(task_uuid=id) for id in (failed, "nobody")]
    found = {one.task_uuid: one for one in served.queue.StreamTaskResults(iter(asked))}
    assert found[failed].status == "Failed"
    assert "division by zero" in found[failed].result
    assert found["nobody"].status == "Unknown"
    with pytest.raises(grpc.RpcError) as refused:
        submit(served, "text", "http_request_x")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as several:
        submit(served, "text", "email_sending_none")
    assert several.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as nowhere:
        served.queue.GetTaskStatus(pb.GetTaskStatusRequest(task_uuid="nobody"))
    assert nowhere.value.code() is grpc.StatusCode.NOT_FOUND
