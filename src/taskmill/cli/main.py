"""The group of all commands, and the one place where errors become messages and exit codes."""

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from taskmill import __version__
from taskmill.cli import (
    completion,
    config,
    control,
    copy,
    doctor,
    failures,
    migrate,
    queues,
    run,
    submit,
    tasks,
    types,
    watch,
    workers,
)
from taskmill.cli.interrupt import Interrupted
from taskmill.core.errors import TaskmillError


class Cli(click.Group):
    """Ends every way a command can end: with a sentence, a hint and an exit code; never with a traceback."""

    def main(  # type: ignore[override]  # it always exits, in standalone mode or not
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        try:
            code = super().main(args, prog_name or "taskmill", **(extra | {"standalone_mode": False}))
        except Exception as error:
            code = _report(error)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            return _closed_pipe()
        return value

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """In the order in which one meets them."""
        return list(self.commands)


def _report(error: Exception) -> int:
    failures.trace(error)
    if isinstance(error, TaskmillError):
        return failures.report(error)
    if isinstance(error, click.Abort):
        return failures.INTERRUPTED
    if isinstance(error, click.ClickException):
        return failures.report_usage(error)
    if isinstance(error, Interrupted):
        click.echo(f"\n{error}", err=True)
        return failures.INTERRUPTED
    return failures.report_bug(error)


def _closed_pipe() -> int:
    """The reader (`| head`) has what it wanted."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _exit_codes() -> str:
    return "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in failures.CODES.items())


def _version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(f"taskmill {__version__}")
        ctx.exit()


@click.group(cls=Cli, epilog=_exit_codes(), context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
def main() -> None:
    """Taskmill: hand in tasks, run them, watch them.

    \b
    taskmill up                              server and workers on ./taskmill.db
    taskmill submit -T math -P "1 + 2 * 5"   waits, shows progress, prints 11
    taskmill types                           what there is to run
    """


for _command in (
    run.up,
    run.server,
    run.worker,
    submit.submit,
    tasks.get,
    tasks.list_,
    watch.watch,
    control.cancel,
    control.retry,
    queues.queues,
    workers.workers,
    types.types,
    doctor.doctor,
    migrate.migrate,
    copy.copy,
    config.config,
    completion.completion,
):
    main.add_command(_command)
