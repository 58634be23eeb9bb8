"""Right and wrong use, as type checkers see it. Never run: see test_typing.py."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, assert_type

from taskmill import App, Context, State, Task, TaskHandle, current
from taskmill.sdk.events import Progress
from taskmill.sdk.task import Call

app = App("memory://")


@dataclass
class Receipt:
    number: int


@app.task
def add(a: int, b: int = 1) -> int:
    return a + b


@app.task(queue="mail", retries=5, timeout=timedelta(minutes=1), executor="inline", priority="low")
async def send(order: int, *, to: str) -> Receipt:
    return Receipt(order)


@app.task
def read(ctx: Context, path: str) -> bytes:
    ctx.progress(0.5, path)
    return b""


@app.task(name="fetching")
async def fetch(ctx: Context, url: str) -> str | None:
    return url if ctx.cancelled else None


@app.task
def tick() -> None: ...


@app.task
def loose(anything: Any, b: int) -> Receipt:
    return Receipt(b)


async def right(tasks: list[Task[[int, int], int]]) -> None:
    assert_type(add.enqueue(1, b=2), TaskHandle[int])
    assert_type(add.enqueue(1).result(timeout=1.5), int)
    assert_type(await add.aenqueue(1), TaskHandle[int])
    assert_type(await (await send.aenqueue(7, to="me")).aresult(), Receipt)
    assert_type(send.using(delay=60, priority="high").enqueue(order=7, to="me"), TaskHandle[Receipt])
    assert_type(read.enqueue("a").result(), bytes)
    assert_type(read.enqueue(path="a").status(), State)
    assert_type(await (await fetch.aenqueue(url="a")).aresult(5), str | None)
    assert_type(tick.enqueue(), TaskHandle[None])
    assert_type(add.call(1), Call[int])
    assert_type(add.enqueue_many(add.call(i, b=i) for i in range(3)), list[TaskHandle[int]])
    assert_type(
        await send.aenqueue_many([send.call(1, to="me"), send.using(key="k").call(2, to="me")]),
        list[TaskHandle[Receipt]],
    )
    assert_type(add.handle("id"), TaskHandle[int])
    assert_type(app.handle("id"), TaskHandle[Any])
    assert_type(add.enqueue(1).progress(), Progress | None)
    assert_type(add(1, 2), int)
    assert_type(await send(1, to="me"), Receipt)
    assert_type(current(), Context | None)
    assert_type(App("memory://").include(add).enqueue(1, b=2), TaskHandle[int])
    of_any_kind: list[Task[..., Any]] = [send, read, tick]
    of_any_kind[0].enqueue(1, 2, x=3)
    loose.enqueue(1, 2)
    loose.enqueue(anything="x", b=2)
    for task in tasks:
        assert_type(task.enqueue(1, 2).result(), int)


async def called_directly(ctx: Context) -> None:
    assert_type(read(ctx, "a"), bytes)
    assert_type(await fetch(ctx, url="a"), str | None)


async def wrong() -> None:
    add.enqueue("1")  # wrong: type of an argument
    add.enqueue()  # wrong: an argument is missing
    add.enqueue(1, 2, 3)  # wrong: one too many
    add.enqueue(1, c=2)  # wrong: no such parameter
    await add.aenqueue("1")  # wrong: the same for aenqueue
    add.using(delay=1).enqueue("1")  # wrong: the same for a copy
    add.call("1")  # wrong: the same for call
    send.enqueue(7, "me")  # wrong: `to` is by name only
    send.enqueue(7)  # wrong: `to` is missing
    read.enqueue(1)  # wrong: the context is no parameter, and 1 no path
    read.enqueue("a", "b")  # wrong: one too many
    read("a")  # wrong: a direct call needs the context
    tick.enqueue(1)  # wrong: takes nothing
    add.enqueue_many([send.call(1, to="me")])  # wrong: calls of another result
    add.enqueue_many([1, 2])  # wrong: calls, not numbers
    App("memory://").include(add).enqueue("1")  # wrong: the same for one that was included
    text: str = add.enqueue(1).result()  # wrong: type of the result
    number: int = add.enqueue(1)  # wrong: a handle is no result
    add.enqueue(1).result("soon")  # wrong: seconds
    add.using(priority="urgent")  # wrong: no such priority
    add.using(eta=1)  # wrong: no such option
    app.task(executor="fibers")  # wrong: no such executor
    app.task(retry=5)  # wrong: a policy
    App("memory://", durability="none")  # wrong: no such durability
    print(text, number)
