"""The group of all commands, and the one place where errors become messages and exit codes.

A command's module is imported when the command is called: help and completion need its name and first sentence alone.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from taskmill import __version__
from taskmill.cli.errors import CODES, report
from taskmill.cli.output import forget_output

COMMANDS = {
    "up": ("up:up", "Run the server and its workers."),
    "server": ("up:server", "Run the server alone."),
    "worker": ("up:worker", "Run workers alone."),
    "submit": ("submit:submit", "Hand in a task, wait for its result and print it."),
    "get": ("tasks:get", "Show one task."),
    "list": ("tasks:list_", "List tasks, newest first."),
    "watch": ("watch:watch", "Follow one task to its end, or all tasks."),
    "cancel": ("control:cancel", "Cancel tasks, by id or by filter."),
    "retry": ("control:retry", "Run tasks again, by id or by filter."),
    "delete": ("control:delete", "Delete ended tasks, by id or by filter, with all that is kept of them."),
    "queues": ("queues:queues", "List, pause and resume queues."),
    "workers": ("queues:workers", "List worker processes."),
    "user": ("accounts:user", "People who may log in to a server: list, add, change, remove."),
    "token": ("accounts:token", "Secrets for programs: list, create, revoke."),
    "session": ("accounts:session", "Who is logged in: list, end."),
    "audit": ("audit:audit", "Show who changed what, newest first."),
    "types": ("types:types", "List task types; show one with an example."),
    "doctor": (
        "doctor:doctor",
        "Check the store, the broker and the live feed, and whether there are workers for what waits.",
    ),
    "migrate": ("migrate:migrate", "Bring the schema of the store up to date."),
    "copy": (
        "copy:copy",
        "Copy tasks with all that is kept of them, task types and paused queues from one store into another.",
    ),
    "config": ("config:config", "Look at the settings."),
    "completion": ("completion:completion", "Print a completion script."),
}
"""Where each command is (module:attribute) and the first sentence of its help, in the order in which one meets them."""


def load_command(name: str) -> click.Command:
    module, _, attribute = COMMANDS[name][0].partition(":")
    command: click.Command = getattr(import_module(f"taskmill.cli.{module}"), attribute)
    return command


class Cli(click.Group):
    """Ends every way a command can end: with a sentence, a hint and an exit code; never with a traceback."""

    def main(  # type: ignore[override]  # it always exits, in standalone mode or not
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        try:
            code = super().main(args, prog_name or "taskmill", **(extra | {"standalone_mode": False}))
        except Exception as error:
            code = report(error)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            forget_output()  # the reader (`| head`) has what it wanted
            return 0
        except click.exceptions.Exit:
            raise
        except Exception as error:  # while it is known which options were given
            return report(error)
        return value

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command itself; `self.commands` has names and first sentences only."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, known and load_command(str(known.name)), rest


def _exit_codes() -> str:
    return "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in CODES.items())


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


for _name, (_, _help) in COMMANDS.items():
    main.add_command(click.Command(_name, help=_help))
