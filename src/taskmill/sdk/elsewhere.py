"""What other task queues call the verbs of tasks and handles: whoever calls one is told its name here."""

from typing import NoReturn

ENQUEUE = "{0}.enqueue(…), or await {0}.aenqueue(…) in async code"
OPTIONS = "{0}.using(queue=…, delay=…, at=…, key=…).enqueue(…)"
CALLS = "{0}.enqueue_many({0}.call(…) for …)"
OF_TASKS = {
    **dict.fromkeys(("delay", "send", "defer", "kiq", "defer_async"), ENQUEUE),
    **dict.fromkeys(("apply_async", "send_with_options", "configure", "schedule", "options"), OPTIONS),
    **dict.fromkeys(("s", "si", "signature", "message", "batch_defer", "chunks"), CALLS),
    **dict.fromkeys(("apply", "call_local"), "{0}(…) itself, which runs the function here and now"),
}
"""Of Celery, Dramatiq, Procrastinate, taskiq and Huey."""
OF_HANDLES = {
    **dict.fromkeys(("get", "wait", "wait_result", "get_result"), "{0}.result(timeout=…), or await {0}.aresult(…)"),
    **dict.fromkeys(("state", "ready", "successful", "failed", "is_finished"), "{0}.status()"),
    **dict.fromkeys(("revoke", "abort"), "{0}.cancel()"),
    "forget": "{0}.delete()",
}


def teach(kind: type, ways: dict[str, str], called: str) -> None:
    """Names that type checkers do not see, so that these refuse them too. `called`: an object of it, in examples."""
    for name, way in ways.items():
        setattr(kind, name, _Elsewhere(f"{kind.__name__} has no '{name}'; in Taskmill it is ", way, called))


class _Elsewhere:
    """A descriptor, because `__getattr__` would slow down every other attribute."""

    def __init__(self, beginning: str, way: str, called: str) -> None:
        self._beginning = beginning
        self._way = way
        self._called = called

    def __get__(self, one: object, _kind: type | None = None) -> NoReturn:
        raise AttributeError(self._beginning + self._way.format(getattr(one, "name", self._called)))
