"""The public names: adding one is a decision, losing one breaks people."""

import taskmill
from taskmill.core import errors

NAMES = {
    "App",
    "Cancel",
    "Context",
    "Fail",
    "Priority",
    "Retry",
    "RetryPolicy",
    "Snooze",
    "State",
    "Task",
    "TaskHandle",
    "current",
}
ERRORS = {
    name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
}


def test_exactly_these_names_are_public() -> None:
    assert set(taskmill.__all__) >= NAMES
    assert set(taskmill.__all__) - NAMES <= ERRORS | {"__version__"}


def test_every_public_name_is_there() -> None:
    assert [name for name in taskmill.__all__ if not hasattr(taskmill, name)] == []
