"""Every error Taskmill raises on purpose, in one tree, each with a stable code.

    TaskmillError                  internal_error
    ├── InvalidRequest             invalid_request       what was asked makes no sense
    │   ├── InvalidParameters      invalid_parameters    parameters do not fit the task type
    │   ├── UnknownTaskType        unknown_task_type     no such task type; near names are given
    │   ├── InvalidSettings        invalid_settings      a setting is wrong; names file and key
    │   └── TooLarge               too_large             a payload over its limit
    ├── Unauthenticated            unauthenticated       nobody is logged in, or the credentials are wrong
    ├── Forbidden                  forbidden             who is logged in may not do that
    ├── TooManyAttempts            too_many_attempts     too many wrong passwords; wait
    ├── NotFound                   not_found             no task (queue, worker) of that name
    ├── Conflict                   conflict              the state of the task does not allow it
    │   └── IllegalTransition      illegal_transition    the machine's table does not hold (state, event)
    ├── StoreError                 store_error           the store failed
    │   ├── StoreUnavailable       store_unavailable     the store cannot be reached now; try again
    │   └── SchemaTooNew           schema_too_new        the store was made by a newer Taskmill
    ├── BrokerUnavailable          broker_unavailable    the broker cannot be reached now; tasks run all the same
    ├── FeedUnavailable            feed_unavailable      the live feed cannot be reached now
    ├── ResultTimeout              result_timeout        the result did not come in time; the task goes on
    └── TaskError                  task_failed           what `result()` raises for a task without a result
        └── TaskCancelled          task_cancelled        the task was cancelled

Each may have problems: findings in what was asked.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """One finding: where it is, as a path like `$.order`, and what is wrong there."""

    path: str
    message: str


class TaskmillError(Exception):
    """Base of all. `str(error)` is one sentence for a person; `hint` is the next step, if there is one."""

    code = "internal_error"

    def __init__(self, message: str, *, hint: str | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")
        self.problems = tuple(problems)


class InvalidRequest(TaskmillError):
    code = "invalid_request"


class InvalidParameters(InvalidRequest):
    code = "invalid_parameters"


class UnknownTaskType(InvalidRequest):
    code = "unknown_task_type"


class InvalidSettings(InvalidRequest):
    code = "invalid_settings"


class TooLarge(InvalidRequest):
    code = "too_large"


class Unauthenticated(TaskmillError):
    code = "unauthenticated"


class Forbidden(TaskmillError):
    code = "forbidden"


class TooManyAttempts(TaskmillError):
    code = "too_many_attempts"
    retry_after: float = 60.0
    """Seconds."""


class NotFound(TaskmillError):
    code = "not_found"


class Conflict(TaskmillError):
    code = "conflict"


class IllegalTransition(Conflict):
    code = "illegal_transition"


class StoreError(TaskmillError):
    code = "store_error"


class StoreUnavailable(StoreError):
    code = "store_unavailable"


class SchemaTooNew(StoreError):
    code = "schema_too_new"


class BrokerUnavailable(TaskmillError):
    code = "broker_unavailable"


class FeedUnavailable(TaskmillError):
    code = "feed_unavailable"


class ResultTimeout(TaskmillError, TimeoutError):
    code = "result_timeout"


class TaskError(TaskmillError):
    """What the handler's own error was, as far as there was one."""

    code = "task_failed"
    task_id: str = ""
    type: str = ""
    """Name of its class."""
    reason: str = ""
    traceback: str | None = None
    failure: str | None = None
    """JSON of the task's latest error, as it is stored (core/outcome.py)."""


class TaskCancelled(TaskError):
    code = "task_cancelled"
