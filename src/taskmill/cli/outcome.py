"""What a finished task leaves on the screen."""

import click
import msgspec

from taskmill.cli.output import document, printable, safe_json, terminal
from taskmill.core.errors import TaskCancelled, TaskError
from taskmill.core.state import State
from taskmill.service.views import TaskView


class Error(msgspec.Struct):
    """An error as it is stored (core/outcome.py, Failure)."""

    type: str = "error"
    message: str = ""
    traceback: str | None = None

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


def show_outcome(view: TaskView, as_json: bool, verbose: bool) -> None:
    """Print the result. Raises TaskError, TaskCancelled for a task without one."""
    if as_json:
        document(view)
    elif view.state is State.SUCCEEDED and view.result is not None:
        click.echo(result_text(view.result))
    require_result(view, verbose)


def require_result(view: TaskView, verbose: bool) -> None:
    """Raises TaskError, TaskCancelled for a task that ended without a result."""
    if view.state is State.CANCELLED:
        raise TaskCancelled(f"task {view.id} was cancelled")
    if view.state is State.FAILED:
        _fail(view, verbose)


def error_of(raw: msgspec.Raw | None) -> Error:
    try:
        return Error() if raw is None else msgspec.json.decode(raw, type=Error)
    except msgspec.DecodeError:
        return Error()


def result_text(result: msgspec.Raw) -> str:
    """A text as it is, everything else as JSON."""
    value = msgspec.json.decode(result)
    if isinstance(value, str):
        return printable(value) if terminal() else value
    return safe_json(msgspec.json.format(bytes(result), indent=2 if terminal() else -1))


def _fail(view: TaskView, verbose: bool) -> None:
    error = error_of(view.error)
    if verbose and error.traceback:
        click.echo(printable(error.traceback.rstrip()), err=True)
    raise TaskError(f"task {view.id} failed: {error}", hint=f"taskmill get -v {view.id} shows its attempts and logs")
