"""What a failed command says, and the exit code it ends with."""

import os
import sys
import traceback
from collections.abc import Sequence

import click

from taskmill.cli.output import colours, printable
from taskmill.config.masking import masked
from taskmill.core.errors import InvalidRequest, NotFound, ResultTimeout, StoreError, TaskmillError

FAILED = 1
INVALID = 2
NOT_FOUND = 3
STORE = 4
TIMED_OUT = 124
INTERRUPTED = 130

CODES = {
    0: "done",
    FAILED: "the task failed or was cancelled, the operation was refused, or a check failed",
    INVALID: "wrong usage or invalid input",
    NOT_FOUND: "no such task",
    STORE: "the store is missing, unavailable or failed",
    TIMED_OUT: "--wait-timeout ran out; the task goes on",
    INTERRUPTED: "interrupted with Ctrl-C",
}

_BY_ERROR: tuple[tuple[type[TaskmillError], int], ...] = (
    (InvalidRequest, INVALID),
    (NotFound, NOT_FOUND),
    (StoreError, STORE),
    (ResultTimeout, TIMED_OUT),
    (TaskmillError, FAILED),
)


def report(error: TaskmillError) -> int:
    """Say what went wrong on stderr; returns the exit code."""
    text = str(error)
    say(text, error.hint, [line for path, message in error.problems if (line := f"{path} {message}") not in text])
    return next(code for kind, code in _BY_ERROR if isinstance(error, kind))


def report_usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return INVALID
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help" if context else None
    say(error.format_message(), hint)
    return INVALID


def trace(error: Exception) -> None:
    """For those who mend Taskmill."""
    if os.environ.get("TASKMILL_DEBUG"):
        traceback.print_exception(error)


def report_bug(error: Exception) -> int:
    say(f"this should not happen: {type(error).__name__}: {error}", "TASKMILL_DEBUG=1 shows where")
    return FAILED


def say(message: str, hint: str | None = None, more: Sequence[str] = ()) -> None:
    label = "\x1b[31merror:\x1b[0m" if colours(sys.stderr) else "error:"
    lines = [f"{label} {_sentence(message)}", *(f"  {_sentence(line)}" for line in more)]
    lines += [f"hint: {_sentence(hint)}"] if hint else []
    click.echo("\n".join(lines), err=True)


def _sentence(text: str) -> str:
    return masked(printable(" ".join(text.split())))
