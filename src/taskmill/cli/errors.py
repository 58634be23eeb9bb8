"""What a failed command says, and the exit code it ends with: never a traceback."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from taskmill.cli.hints import here
from taskmill.cli.output import colours, forget_output, printable
from taskmill.config.masking import masked
from taskmill.core.errors import TaskmillError
from taskmill.core.own_code import BrokenApp, own_traceback
from taskmill.service.errors import FAILED, INVALID, NOT_FOUND, STORE, TIMED_OUT, exit_code

INTERRUPTED = 130
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)

CODES = {
    0: "done",
    FAILED: "the task failed or was cancelled, the operation was refused, or a check failed",
    INVALID: "wrong usage or invalid input",
    NOT_FOUND: "no such task",
    STORE: "the store is missing, unavailable or failed",
    TIMED_OUT: "--wait-timeout ran out; the task goes on",
    INTERRUPTED: "interrupted with Ctrl-C",
}


class CtrlC(Exception):
    """Ctrl-C where something goes on nevertheless: the text says what, and how to get back to it."""


def report(error: Exception) -> int:
    """Say what went wrong on stderr; returns the exit code."""
    if os.environ.get("TASKMILL_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, TaskmillError):
        if isinstance(error, BrokenApp) and error.__cause__ is not None:
            click.echo(printable(own_traceback(error.__cause__)), err=True)
        text = str(error)
        more = [f"{path} {message}" for path, message in error.problems if not _mentions(text, path, message)]
        say(text, error.hint, more)
        return exit_code(error)
    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return _report_usage(error)
    if isinstance(error, CtrlC):
        click.echo(f"\n{here(str(error))}", err=True)
        return INTERRUPTED
    if isinstance(error, OSError) and error.errno in FULL and error.filename is None:
        say(f"the output can't be written: {error.strerror}")
        forget_output()
        return FAILED
    say(f"this should not happen: {type(error).__name__}: {error}", "TASKMILL_DEBUG=1 shows where")
    return FAILED


def _mentions(text: str, path: str, message: str) -> bool:
    return f"{path} {message}" in text or f"{path}: {message}" in text


def _report_usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return INVALID
    context = getattr(error, "ctx", None)
    say(error.format_message(), f"{context.command_path} --help" if context else None)
    return INVALID


def say(message: str, hint: str | None = None, more: Sequence[str] = ()) -> None:
    label = "\x1b[31merror:\x1b[0m" if colours(sys.stderr) else "error:"
    lines = [f"{label} {_sentence(message)}", *(f"  {_sentence(line)}" for line in more)]
    lines += [f"hint: {_sentence(hint)}"] if hint else []
    click.echo("\n".join(lines), err=True)


def _sentence(text: str) -> str:
    return masked(printable(" ".join(here(text).split())))
