"""A client in a process of its own: `python -m tests.chaos.faults.client FILE SEED SECONDS URL...`

Without URLs it uses the SDK, with them REST against those servers. It enqueues at a steady rate, with ids that it
chose, until each is acknowledged; of what was stored it cancels some, and asks for some to run again.
"""

import asyncio
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from taskmill import TaskmillError
from tests.chaos.faults.history import Log

RATE = 14.0
"""Tasks a second, of each thread that enqueues."""
PATIENCE = 12.0
"""Seconds in which it tries to have its last enqueue acknowledged, after its time."""
PAUSE = 0.2
KINDS = ("on_the_loop",) * 7 + ("in_a_thread", "long", "second_time", "never")


class Order(NamedTuple):
    id: str
    kind: str
    seconds: float
    delay: float
    priority: str


class Refused(Exception):
    """The system says no, and that is an answer."""


class Nobody(Exception):
    """No answer, or none that says what became of it."""


class Client:
    """What a way in must offer."""

    def enqueue(self, order: Order) -> str:
        raise NotImplementedError

    def cancel(self, id: str) -> str:
        raise NotImplementedError

    def retry(self, id: str) -> str:
        raise NotImplementedError


class Rest(Client):
    def __init__(self, urls: list[str], chance: random.Random) -> None:
        import httpx

        self._urls, self._chance = urls, chance
        self._http = httpx.Client(timeout=5.0)
        self._broken = httpx.HTTPError

    def enqueue(self, order: Order) -> str:
        body = order._asdict() | {"task_type": order.kind, "parameters": {"seconds": order.seconds}}
        del body["kind"], body["seconds"]
        self._post("", body)
        return "stored"

    def cancel(self, id: str) -> str:
        return "cancelled" if self._post(f"/{id}/cancel", None) == 200 else "stopping"

    def retry(self, id: str) -> str:
        self._post(f"/{id}/retry", None)
        return "ready"

    def _post(self, path: str, body: Any) -> int:
        try:
            answer = self._http.post(f"{self._chance.choice(self._urls)}/api/tasks{path}", json=body)
        except self._broken as error:
            raise Nobody(repr(error)) from None
        if answer.status_code in (404, 409):
            raise Refused
        if not answer.is_success:
            raise Nobody(answer.text)
        return answer.status_code


class Sdk(Client):
    """Without and with an event loop, in turns; nobody can ask it to run a task again."""

    def __init__(self) -> None:
        from tests.chaos.faults.app import app

        self._app = app
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._turn = 0

    def enqueue(self, order: Order) -> str:
        task = self._app.tasks[order.kind].using(id=order.id, delay=order.delay, priority=order.priority)  # type: ignore[arg-type]
        self._turn += 1
        if self._turn % 2:
            self._try(lambda: task.enqueue(seconds=order.seconds))
        else:
            self._try(lambda: self._there(task.aenqueue(seconds=order.seconds)))
        return "stored"

    def cancel(self, id: str) -> str:
        if self._try(self._app.handle(id).cancel):
            return "cancel"
        raise Refused

    def _there(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _try(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except TaskmillError as error:
            raise Nobody(repr(error)) from None


class Load:
    def __init__(self, make: Callable[[], Client], log: Log, chance: random.Random, seconds: float) -> None:
        self._make, self._log, self._chance = make, log, chance
        self._end = time.monotonic() + seconds
        self._to_cancel: SimpleQueue[tuple[float, str]] = SimpleQueue()
        self._to_retry: SimpleQueue[tuple[float, str]] = SimpleQueue()

    def run(self, retries: bool) -> None:
        works = [self._enqueue, lambda: self._later(self._to_cancel, "cancel")]
        if retries:
            works.append(lambda: self._later(self._to_retry, "retry"))
        threads = [threading.Thread(target=work) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _enqueue(self) -> None:
        client, start, number = self._make(), time.monotonic(), 0
        while time.monotonic() < self._end:
            order = self._order()
            while not self._called(client.enqueue, "enqueue", order.id, order):
                if time.monotonic() > self._end + PATIENCE:
                    return
                time.sleep(PAUSE)
            self._plan(order)
            number = max(number + 1, int((time.monotonic() - start) * RATE))
            time.sleep(max(0.0, start + number / RATE - time.monotonic()))

    def _order(self) -> Order:
        chance = self._chance
        kind = chance.choice(KINDS)
        seconds = chance.uniform(0.8, 2.0) if kind == "long" else chance.uniform(0.001, 0.04)
        delay = chance.uniform(0.1, 1.5) if chance.random() < 0.25 else 0.0
        id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        return Order(id, kind, seconds, delay, chance.choice(("high", "normal", "normal", "low")))

    def _plan(self, order: Order) -> None:
        now, chance = time.monotonic(), self._chance.random()
        if chance < (0.5 if order.delay or order.kind == "long" else 0.1):
            self._to_cancel.put((now + self._chance.uniform(0.0, 0.3), order.id))
        if chance < 0.2:
            self._to_retry.put((now + self._chance.uniform(0.5, 2.0), order.id))

    def _later(self, plans: "SimpleQueue[tuple[float, str]]", op: str) -> None:
        client = self._make()
        while time.monotonic() < self._end:
            try:
                due, id = plans.get(timeout=0.1)
            except Empty:
                continue
            time.sleep(max(0.0, min(due, self._end) - time.monotonic()))
            self._called(getattr(client, op), op, id, id)

    def _called(self, work: Callable[[Any], str], op: str, id: str, what: Any) -> bool:
        """Whether there was an answer."""
        call = uuid.uuid4().hex
        self._log.write(call=call, op=op, id=id, at=time.time())
        try:
            answer = work(what)
        except Refused:
            answer = "refused"
        except Nobody as error:
            self._log.write(call=call, answer=None, at=None, why=str(error)[:200])
            return False
        self._log.write(call=call, answer=answer, at=time.time())
        return True


def _end(what: threading.ExceptHookArgs) -> None:
    """An error that is none of Taskmill's own came through."""
    threading.__excepthook__(what)
    os._exit(1)


def main() -> None:
    threading.excepthook = _end
    path, seed, seconds, *urls = sys.argv[1:]
    chance = random.Random(seed)
    sdk = None if urls else Sdk()
    load = Load(lambda: sdk or Rest(urls, chance), Log(path), chance, float(seconds))
    load.run(retries=bool(urls))
    if sdk:
        sdk._app.close()


if __name__ == "__main__":
    main()
