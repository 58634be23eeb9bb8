"""Taskmill: distributed task processing that starts with one command and no server."""

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to load

if TYPE_CHECKING:
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
    from taskmill.executors.contract import Context, current
    from taskmill.sdk.app import App
    from taskmill.sdk.handle import TaskHandle
    from taskmill.sdk.task import Task
else:
    HOMES = {
        "App": "taskmill.sdk.app",
        "Cancel": "taskmill.core.outcome",
        "Conflict": "taskmill.core.errors",
        "Context": "taskmill.executors.contract",
        "Fail": "taskmill.core.outcome",
        "InvalidParameters": "taskmill.core.errors",
        "InvalidRequest": "taskmill.core.errors",
        "InvalidSettings": "taskmill.core.errors",
        "NotFound": "taskmill.core.errors",
        "Priority": "taskmill.core.task",
        "Problem": "taskmill.core.errors",
        "ResultTimeout": "taskmill.core.errors",
        "Retry": "taskmill.core.outcome",
        "RetryPolicy": "taskmill.core.retry",
        "SchemaTooNew": "taskmill.core.errors",
        "Snooze": "taskmill.core.outcome",
        "State": "taskmill.core.state",
        "StoreError": "taskmill.core.errors",
        "StoreUnavailable": "taskmill.core.errors",
        "Task": "taskmill.sdk.task",
        "TaskCancelled": "taskmill.core.errors",
        "TaskError": "taskmill.core.errors",
        "TaskHandle": "taskmill.sdk.handle",
        "TaskmillError": "taskmill.core.errors",
        "TooLarge": "taskmill.core.errors",
        "UnknownTaskType": "taskmill.core.errors",
        "current": "taskmill.executors.contract",
    }

    def __getattr__(name: str) -> object:
        """At first use: a supervisor, or `taskmill --help`, should not carry what only apps need, and Ctrl-C while this
        module is imported could be caught by nobody."""
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
