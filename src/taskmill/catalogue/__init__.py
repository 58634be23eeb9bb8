"""The task types that ship with Taskmill. Each is a file; adding one means importing it here."""

from typing import Any

from taskmill.catalogue.base import app
from taskmill.catalogue.email_sending import email_sending
from taskmill.catalogue.files import file_processing
from taskmill.catalogue.http_request import http_request
from taskmill.catalogue.math import math
from taskmill.catalogue.message import message
from taskmill.catalogue.sleep import sleep
from taskmill.sdk.app import App
from taskmill.sdk.task import Task

__all__ = ["app", "email_sending", "file_processing", "handlers", "http_request", "math", "message", "sleep"]


def handlers(own: App | None) -> dict[str, Task[..., Any]]:
    """Every task type a worker can run, by name: these here, and the app's own, which win over one of the same name."""
    return app.tasks | (own.tasks if own else {})
