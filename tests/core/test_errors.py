"""Codes are promises: programs match on them. A new error is added here; a code in this list never changes."""

import re
from collections.abc import Iterator

import pytest

from taskmill.core import errors
from taskmill.core.errors import Problem, ResultTimeout, TaskmillError

CODES = {
    "TaskmillError": "internal_error",
    "InvalidRequest": "invalid_request",
    "InvalidParameters": "invalid_parameters",
    "UnknownTaskType": "unknown_task_type",
    "InvalidSettings": "invalid_settings",
    "TooLarge": "too_large",
    "Unauthenticated": "unauthenticated",
    "Forbidden": "forbidden",
    "TooManyAttempts": "too_many_attempts",
    "NotFound": "not_found",
    "Conflict": "conflict",
    "IllegalTransition": "illegal_transition",
    "StoreError": "store_error",
    "StoreUnavailable": "store_unavailable",
    "SchemaTooNew": "schema_too_new",
    "BrokerUnavailable": "broker_unavailable",
    "FeedUnavailable": "feed_unavailable",
    "ResultTimeout": "result_timeout",
    "TaskError": "task_failed",
    "TaskCancelled": "task_cancelled",
}


def tree(root: type[TaskmillError] = TaskmillError) -> Iterator[type[TaskmillError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def depth(error: type[TaskmillError]) -> int:
    return error.__mro__.index(TaskmillError)


def drawn() -> list[tuple[int, str, str]]:
    """(depth, name, code) of each line of the tree in the module's docstring."""
    lines = re.findall(r"^    ([│├└─ ]*)([A-Z]\w+) +([a-z_]+)", errors.__doc__ or "", re.MULTILINE)
    return [(len(branch) // 4, name, code) for branch, name, code in lines]


def test_codes_are_the_promised_ones() -> None:
    assert {error.__name__: error.code for error in tree()} == CODES


def test_codes_are_unique() -> None:
    assert len(set(CODES.values())) == len(CODES)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert drawn() == [(depth(error), error.__name__, error.code) for error in tree()]


@pytest.mark.parametrize("error", list(tree()), ids=lambda error: error.__name__)
def test_every_error_carries_sentence_hint_and_problems(error: type[TaskmillError]) -> None:
    problem = Problem("$.order", "expected int")
    raised = error("It went wrong.", hint="Do this.", problems=[problem])
    assert (str(raised), raised.hint, raised.problems) == ("It went wrong.", "Do this.", (problem,))


def test_a_result_that_does_not_come_is_a_timeout_for_python_too() -> None:
    assert issubclass(ResultTimeout, TimeoutError)
