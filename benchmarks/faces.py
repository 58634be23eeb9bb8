"""Beside REST, in turns: gRPC, and REST with a login. Client, server and store share the machine."""

import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import grpc

from benchmarks.running import MeasuredTaskmill, up
from taskmill import App
from taskmill.catalogue.message import message
from taskmill.rpc import tasks_pb2 as pb
from taskmill.rpc.tasks_pb2_grpc import TaskServiceStub

ROUNDS, CALLERS, CALLS = 5, 32, 6_400
BATCHES, BATCH = 20, 1_000
BODY = b'{"task_type":"message","parameters":{"message":"hello"}}'
DRAFT = pb.Draft(task_type="message", parameters=b'{"message":"hello"}')
IDLE = ("--queues", "nobody-sends-here")


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with up(*IDLE, "--grpc-port", str(port)) as taskmill:
        asyncio.run(_compare(taskmill, port))


async def _compare(taskmill: MeasuredTaskmill, port: int) -> None:
    http = int(taskmill.url.rpartition(":")[2])
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = TaskServiceStub(channel)  # type: ignore[no-untyped-call]
        made = await stub.SubmitTask(pb.SubmitTaskRequest(task=DRAFT))
        status = f"GET /api/tasks/{made.task.id}/status".encode()
        post = await _in_turns(
            {
                "REST POST /api/tasks": lambda: _rest(http, b"POST /api/tasks", BODY),
                "gRPC SubmitTask": lambda: _rpc(lambda: stub.SubmitTask(pb.SubmitTaskRequest(task=DRAFT))),
            }
        )
        _say("gRPC SubmitTask / REST POST", post, 0.35)
        read = await _in_turns(
            {
                "REST GET status": lambda: _rest(http, status),
                "gRPC GetTaskStatus": lambda: _rpc(
                    lambda: stub.GetTaskStatus(pb.GetTaskStatusRequest(id=made.task.id))
                ),
            }
        )
        _say("gRPC GetTaskStatus / REST GET", read, 0.4)
        many = await _in_turns(
            {"enqueue_many": lambda: asyncio.to_thread(_enqueue_many, taskmill.store), "stream": lambda: _stream(stub)}
        )
        _say("gRPC SubmitTaskStream / enqueue_many", many, 0.6)
    secret = _token(taskmill.store)
    header = b"\r\nAuthorization: Bearer " + secret
    without = statistics.median(post[0])
    with_login = [await _rest(http, b"POST /api/tasks", BODY, header) for _ in range(ROUNDS)]
    print(f"REST POST with a token: {statistics.median(with_login):,.0f} per s, {without:,.0f} without", flush=True)


async def _in_turns(kinds: dict[str, Callable[[], Awaitable[float]]]) -> list[list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, run in kinds.items():
            rates[name].append(await run())
    for name, found in rates.items():
        print(f"{name}: {statistics.median(found):,.0f} ({min(found):,.0f}..{max(found):,.0f}) per s", flush=True)
    return list(rates.values())


def _say(what: str, rates: list[list[float]], bar: float) -> None:
    first, second = (statistics.median(found) for found in rates)
    print(f"{what}: {second / first:.2f} (bar {bar})\n", flush=True)


async def _rest(port: int, line: bytes, body: bytes = b"", header: bytes = b"") -> float:
    request = b"%s HTTP/1.1\r\nHost: localhost%s\r\n" % (line, header)
    if body:
        request += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    request += b"\r\n" + body

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(CALLS // CALLERS):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 20"), head
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
        writer.close()

    return await _rate(CALLS, *(caller() for _ in range(CALLERS)))


async def _rpc(call: Callable[[], Awaitable[object]]) -> float:
    async def caller() -> None:
        for _ in range(CALLS // CALLERS):
            await call()

    return await _rate(CALLS, *(caller() for _ in range(CALLERS)))


async def _stream(stub: TaskServiceStub) -> float:
    request = pb.SubmitTaskStreamRequest(tasks=[DRAFT] * BATCH)
    started = time.perf_counter()
    async for response in stub.SubmitTaskStream(request for _ in range(BATCHES)):
        assert response.created == BATCH
    return BATCH * BATCHES / (time.perf_counter() - started)


def _enqueue_many(store: str) -> float:
    app = App(store)
    task = app.include(message)
    started = time.perf_counter()
    for _ in range(BATCHES):
        task.enqueue_many([task.call("hello") for _ in range(BATCH)])
    app.close()
    return BATCH * BATCHES / (time.perf_counter() - started)


async def _rate(count: int, *work: Awaitable[None]) -> float:
    started = time.perf_counter()
    await asyncio.gather(*work)
    return count / (time.perf_counter() - started)


def _token(store: str) -> bytes:
    command = [sys.executable, "-m", "taskmill", "token", "create", "bench", "--scope", "submit", "--store", store]
    return subprocess.run(command, capture_output=True, check=True).stdout.strip()
