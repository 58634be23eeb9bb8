"""The public names: adding one is a decision, losing one breaks people."""

import ast
from importlib import import_module

import pytest

import taskmill
from taskmill.core import errors
from tests.architecture.tree import SOURCE, parsed

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


def seen_by_type_checkers() -> dict[str, str]:
    """Name → module, of all that `taskmill/__init__.py` imports from taskmill."""
    found = [node for node in ast.walk(parsed(SOURCE / "__init__.py")) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in found if node.module and node.module.startswith("taskmill.")]
    return {alias.name: node.module or "" for node in ours for alias in node.names}


def test_exactly_these_names_are_public() -> None:
    assert set(taskmill.__all__) >= NAMES
    assert set(taskmill.__all__) - NAMES <= ERRORS | {"__version__"}


@pytest.mark.parametrize(("name", "module"), seen_by_type_checkers().items())
def test_every_public_name_is_what_type_checkers_see(name: str, module: str) -> None:
    assert getattr(taskmill, name) is getattr(import_module(module), name)
    assert name in taskmill.__all__


def test_every_public_name_is_there() -> None:
    assert [name for name in taskmill.__all__ if not hasattr(taskmill, name)] == []


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Ap'"):
        taskmill.Ap  # type: ignore[attr-defined]  # noqa: B018
