"""Taskmill: distributed task processing that starts with one command and no server."""

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
from taskmill.sdk.app import App
from taskmill.sdk.context import Context, current
from taskmill.sdk.handle import TaskHandle
from taskmill.sdk.task import Task

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
    "current",
]
