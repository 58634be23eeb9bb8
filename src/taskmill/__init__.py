"""Taskmill: distributed task processing that starts with one command and no server."""

from typing import TYPE_CHECKING

from taskmill.core.errors import (
    Conflict,
    InvalidParameters,
    InvalidRequest,
    InvalidSettings,
    NotFound,
    Problem,
    ResultTimeout,
    SchemaTooNew,
    StoreError,
    StoreUnavailable,
    TaskCancelled,
    TaskError,
    TaskmillError,
    TooLarge,
    UnknownTaskType,
)
from taskmill.core.outcome import Cancel, Fail, Retry, Snooze
from taskmill.core.retry import RetryPolicy
from taskmill.core.state import State
from taskmill.core.task import Priority

if TYPE_CHECKING:
    from taskmill.executors.contract import Context, current
    from taskmill.sdk.app import App
    from taskmill.sdk.handle import TaskHandle
    from taskmill.sdk.task import Task
else:
    HOMES = {
        "App": "taskmill.sdk.app",
        "Context": "taskmill.executors.contract",
        "Task": "taskmill.sdk.task",
        "TaskHandle": "taskmill.sdk.handle",
        "current": "taskmill.executors.contract",
    }

    def __getattr__(name: str) -> object:
        """At first use: a supervisor, or `taskmill --help`, should not carry what only apps need."""
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=None)
        from importlib import import_module

        value = globals()[name] = getattr(import_module(HOMES[name]), name)
        return value


__version__ = "0.1.0"

__all__ = [
    "App",
    "Cancel",
    "Conflict",
    "Context",
    "Fail",
    "InvalidParameters",
    "InvalidRequest",
    "InvalidSettings",
    "NotFound",
    "Priority",
    "Problem",
    "ResultTimeout",
    "Retry",
    "RetryPolicy",
    "SchemaTooNew",
    "Snooze",
    "State",
    "StoreError",
    "StoreUnavailable",
    "Task",
    "TaskCancelled",
    "TaskError",
    "TaskHandle",
    "TaskmillError",
    "TooLarge",
    "UnknownTaskType",
    "__version__",
    "current",
]
