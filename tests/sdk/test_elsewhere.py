"""The verbs of other task queues name their Taskmill way."""

import inspect

import pytest

from taskmill import App, Task, TaskHandle
from taskmill.sdk.elsewhere import OF_HANDLES, OF_TASKS

app = App("memory://")


@app.task
def resize(width: int) -> int:
    return width


@pytest.mark.parametrize(
    ("word", "way"),
    [
        ("delay", "resize.enqueue(…), or await resize.aenqueue(…)"),
        ("send", "resize.enqueue(…)"),
        ("defer", "resize.enqueue(…)"),
        ("apply_async", "resize.using(queue=…, delay=…, at=…, key=…).enqueue(…)"),
        ("s", "resize.enqueue_many(resize.call(…) for …)"),
    ],
)
def test_on_a_task(word: str, way: str) -> None:
    for task in (resize, resize.using(queue="mail")):
        with pytest.raises(AttributeError) as raised:
            getattr(task, word)(300)
        assert f"Task has no '{word}'; in Taskmill it is {way}" in str(raised.value)
        assert not hasattr(task, word)


@pytest.mark.parametrize(("word", "way"), [("get", "handle.result(timeout=…)"), ("revoke", "handle.cancel()")])
def test_on_a_handle(word: str, way: str) -> None:
    with pytest.raises(AttributeError, match="TaskHandle has no") as raised:
        getattr(resize.enqueue(300), word)()
    assert way in str(raised.value)


def test_every_way_that_is_named_is_there() -> None:
    for kind, ways in ((Task, OF_TASKS), (TaskHandle, OF_HANDLES)):
        for word, way in ways.items():
            verbs = [part.split("(")[0] for part in way.split("{0}.")[1:]]
            assert all(callable(inspect.getattr_static(kind, verb)) for verb in verbs), (word, verbs)


def test_an_attribute_of_the_function_comes_first() -> None:
    def marked() -> None: ...

    marked.signature = "its own"  # type: ignore[attr-defined]
    assert app.task(marked).signature == "its own"  # type: ignore[attr-defined]
