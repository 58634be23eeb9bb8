"""A real server on a free port, and the store behind it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from taskmill.config.server import ServerSettings
from taskmill.core import machine
from taskmill.core.state import FINAL
from taskmill.core.task import SECOND, Attempt, Decision, Head, Task
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.sync import run
from taskmill.server.asgi import QuietServer, create_asgi, listen
from taskmill.server.questions import answer_questions
from taskmill.service.access import Access
from taskmill.service.service import STREAMS, Service
from taskmill.service.streams import StreamSettings
from taskmill.service.task_types import shipped
from taskmill.stores.contract import ClaimQuery, Store, TaskTypeRow
from taskmill.stores.open import open_store

ORIGIN = "https://pages.example"
ORDER = TaskTypeRow(
    "order",
    "shop",
    json.dumps(
        {
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": {"type": "object", "required": ["name"]}},
                "note": {},
            },
            "required": ["items"],
            "additionalProperties": False,
        }
    ),
    "Something with nested parameters.",
    json.dumps({"attempt_limit": 2, "timeout": 30, "retry": {"growth": "fixed"}, "priority": "high"}),
    0,
)


class Site(NamedTuple):
    http: httpx.Client
    store: Store
    service: Service

    def create(self, **draft: Any) -> str:
        """A task; its id."""
        draft = {"task_type": "math", "parameters": {"expression": "1 + 1"}} | draft
        reply = self.http.post("/api/tasks", json=draft)
        assert reply.status_code == 201, reply.text
        id: str = reply.json()["id"]
        return id

    def read(self, id: str) -> Any:
        return self.http.get(f"/api/tasks/{id}").json()

    def start(self, id: str) -> Task:
        """Claim it, as a worker would."""
        [claim] = run(self.store.claim("worker-1", 60 * SECOND, ClaimQuery(1, ids=[id])))
        return Task(claim.spec, claim.head)

    def succeed(self, id: str, result: str = "2") -> None:
        self._finish(id, machine.succeed(self.start(id).head, result, now(self.store)), "succeeded")

    def fail(self, id: str, error: str) -> None:
        spec, head = self.start(id)
        self._finish(id, machine.fail(spec, head, error, now(self.store), 0, final=True), "failed", error)

    def _finish(self, id: str, head: Head, outcome: str, error: str | None = None) -> None:
        at = now(self.store)
        log = json.dumps([{"at": at, "level": "info", "message": "hello"}])
        attempt = Attempt(id, head.version, head.attempt, "worker-1", at, at, outcome, error, log)
        assert run(self.store.save([Decision(id, head, attempt)])) == []
        if head.state in FINAL:
            self.store.bell.ring("final", [id])


def now(store: Store) -> int:
    return run(store.clock())


@contextmanager
def site(url: str, streams: StreamSettings = STREAMS) -> Iterator[Site]:
    """On `memory://`, server and test share the store; on SQLite, each opens the file for itself."""
    opened = Backend(ConnectionSettings(url), "loop")
    with served(opened, opened.store if url == "memory://" else open_store(url), streams) as site:
        yield site


@contextmanager
def served(opened: Backend, own: Store, streams: StreamSettings = STREAMS) -> Iterator[Site]:
    """`own`: what the test looks at the store with."""
    service = Service(opened, streams=streams, batched=True)
    with _running(service) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
        run(own.open())
        yield Site(http, own, service)
        run(own.close())


@contextmanager
def _running(service: Service) -> Iterator[int]:
    listener = listen("127.0.0.1", 0)
    access = Access(service)
    server = QuietServer(create_asgi(access, ServerSettings(cors=(ORIGIN,))))
    ready = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def live() -> None:
        loops.append(asyncio.get_running_loop())
        await service.open([ORDER, *shipped()])
        answer_questions(service)
        loops[0].call_soon(ready.set)
        access.listen()
        await server.serve([listener])
        await access.close()
        await service.close()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield listener.getsockname()[1]
    finally:
        loops[0].call_soon_threadsafe(server.stop)
        thread.join(10)
        assert not thread.is_alive()
