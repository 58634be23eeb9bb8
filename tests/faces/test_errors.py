"""One table says what each face makes of an error, and one function which tasks have a result."""

import importlib
import pkgutil

import pytest

import taskmill
from taskmill.core import errors
from taskmill.core.errors import TaskCancelled, TaskError, TaskmillError
from taskmill.core.state import FINAL, State
from taskmill.service import present
from taskmill.service.errors import KINDS, IdempotencyMismatch, exit_code, http_kind
from taskmill.testing.conformance.case import a_task

HOMES = ("taskmill.core.errors", "taskmill.service", "taskmill.server")
"""Where errors with codes of their own may be defined."""
EXITS: tuple[tuple[type[Exception], int], ...] = (
    (errors.InvalidRequest, 2),
    (errors.NotFound, 3),
    (errors.StoreError, 4),
    (errors.ResultTimeout, 124),
    (TaskmillError, 1),
)
"""What scripts rely on: an error below a kind ends with the exit code of the kind."""


def kinds(root: type[TaskmillError] = TaskmillError) -> list[type[TaskmillError]]:
    for package in ("service", "server", "server.rest"):
        path = importlib.import_module(f"taskmill.{package}").__path__
        for module in pkgutil.iter_modules(path):
            importlib.import_module(f"taskmill.{package}.{module.name}")
    ours = [kind for kind in root.__subclasses__() if kind.__module__.startswith(f"{taskmill.__name__}.")]
    return [root, *(one for kind in ours for one in kinds(kind))]


def test_every_code_has_a_row_and_every_row_a_kind() -> None:
    found = {kind.code for kind in kinds() if kind.__module__.startswith(HOMES)}
    assert found == set(KINDS)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_has_an_answer_and_an_exit_code(kind: type[TaskmillError]) -> None:
    error = kind("GET")
    code, status, title = http_kind(error)
    assert (KINDS[code].http, KINDS[code].title) == (status, title)
    assert exit_code(error) == next(code for above, code in EXITS if isinstance(error, above))


def test_an_error_that_http_does_not_know_is_answered_as_the_kind_above() -> None:
    assert http_kind(errors.InvalidSettings("port"))[:2] == ("invalid_request", 422)
    assert http_kind(errors.BrokerUnavailable("away"))[:2] == ("internal_error", 500)
    assert http_kind(IdempotencyMismatch("other"))[:2] == ("idempotency_mismatch", 422)


@pytest.mark.parametrize("state", State)
def test_a_task_that_ended_has_a_result_or_an_error(state: State) -> None:
    task = a_task()
    task = task._replace(head=task.head._replace(state=state, error='{"code":"failed"}'))
    if state is State.SUCCEEDED or state not in FINAL:
        assert present.result_view(task).state is state
        return
    with pytest.raises(TaskError) as ended:
        present.result_view(task)
    assert isinstance(ended.value, TaskCancelled) is (state is State.CANCELLED)
    assert ended.value.failure == '{"code":"failed"}'


def test_a_final_state_that_is_added_later_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "FINAL", FINAL | {State.WAITING})
    task = a_task()
    with pytest.raises(TaskError, match="ended as waiting"):
        present.result_view(task._replace(head=task.head._replace(state=State.WAITING)))
