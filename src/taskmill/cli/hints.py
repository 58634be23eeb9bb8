"""Commands that are printed work as they are printed, in any directory: they look where their printer looked."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import click

from taskmill.config.masking import masked

F = TypeVar("F", bound=Callable[..., object])
URLS = ("store", "broker", "feed")
GIVEN = "taskmill.given"
"""In the `meta` of a call's contexts: its options that say where to look."""
VERBS = re.compile(r"(?<![\w./-])taskmill ([a-z]+)(?: ([a-z]+))?")


def where_option(key: str, help: str) -> Callable[[F], F]:
    """An option --`key` that says where to look."""

    def remember(context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            context.meta.setdefault(GIVEN, {})[key] = again(value)
        return value

    return click.option(f"--{key}", metavar="PATH" if key == "config" else "URL", help=help, callback=remember)


def again(value: str) -> str:
    """A path or URL as one says it in any directory. With a password it is not for a command line: `URL` instead."""
    if masked(value) != value:
        return "URL"
    if value.startswith("sqlite:///") and not value.startswith("sqlite:////"):
        value = f"sqlite:///{quote(os.getcwd())}/{value.removeprefix('sqlite:///')}"
    return shlex.quote(value if "://" in value else str(Path(value).absolute()))


def program(*, another_terminal: bool = False) -> str:
    """`taskmill` where a shell finds this one by that name, else its path.

    An environment that is activated in this terminal is not in another one.
    """
    script = Path(sys.executable).with_name("taskmill")
    found = None if another_terminal and "VIRTUAL_ENV" in os.environ else shutil.which("taskmill")
    if found and Path(found).resolve() == script.resolve():
        return "taskmill"
    return shlex.quote(str(script)) if script.exists() else f"{shlex.quote(sys.executable)} -m taskmill"


def here(text: str) -> str:
    """The text, each command in it with those options of this call that say where to look."""
    context = click.get_current_context(silent=True)
    given: dict[str, str] = context.meta.get(GIVEN, {}) if context else {}

    def completed(found: "re.Match[str]") -> str:
        words, command = _command(found)
        if command is None:
            return found.group()
        flags = [f"--{key} {value}" for key, value in given.items() if key in _names(command)]
        return " ".join([program(), *words, *flags]) + found.group()[len(" ".join(["taskmill", *words])) :]

    return VERBS.sub(completed, text)


def _command(found: "re.Match[str]") -> tuple[list[str], click.Command | None]:
    """Its words, and the command that they name."""
    from taskmill.cli.main import COMMANDS, load_command

    first, second = found.groups()
    if first not in COMMANDS:
        return [first], None
    command = load_command(first)
    if isinstance(command, click.Group) and second in command.commands:
        return [first, second], command.commands[second]
    return [first], command


def _names(command: click.Command) -> set[str | None]:
    return {parameter.name for parameter in command.params}
