"""Options that several commands share."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from taskmill.cli.completion import complete_task_type
from taskmill.cli.hints import URLS, where_option
from taskmill.config.fields import seconds_of
from taskmill.config.reference import shown
from taskmill.config.settings import SETTINGS
from taskmill.core.state import State
from taskmill.core.task import PRIORITIES

F = TypeVar("F", bound=Callable[..., Any])

priority_words = click.Choice(list(PRIORITIES))
config_option = where_option("config", "The settings file to read.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_store_option = where_option("store", "The store; else the one of the settings.")


def store_options(command: F) -> F:
    """--store and --config, for commands that read or change what is in a store."""
    return _store_option(config_option(command))


def url_options(command: F) -> F:
    """--store, --broker, --feed and --config, for commands that publish what they change, or that listen to others."""
    for key in ("feed", "broker"):
        command = where_option(key, f"The {key}; else the one of the settings.")(command)
    return store_options(command)


def setting_options(*keys: str) -> Callable[[F], F]:
    """A flag for each of these settings; the settings' own checks judge the values."""

    def add(command: F) -> F:
        for key in reversed(keys):
            default = shown(key, SETTINGS[key].default)
            help = SETTINGS[key].description.replace("`", "") + (f"  [default: {default}]" if default else "")
            if key in URLS:
                command = where_option(key, help)(command)
            else:
                command = click.option("--" + key.replace("_", "-"), key, metavar="VALUE", help=help)(command)
        return config_option(command)

    return add


def pass_on(context: click.Context, given: Mapping[str, Any]) -> None:
    """What was given to a group goes to its command, unless that is given something else."""
    context.default_map = dict.fromkeys(getattr(context.command, "commands", ()), given)


FILTERS = (
    click.option("--state", multiple=True, type=click.Choice([str(state) for state in State]), help="In this state."),
    click.option("--queue", multiple=True, metavar="NAME", help="In this queue."),
    click.option(
        "-T",
        "--type",
        "task_type",
        multiple=True,
        metavar="NAME",
        shell_complete=complete_task_type,
        help="Of this type.",
    ),
    click.option("--priority", multiple=True, type=priority_words, help="Of this priority."),
    click.option("--tag", multiple=True, metavar="TAG", help="With this tag; with all of them if given again."),
    click.option("--key", metavar="KEY", help="With this key."),
    click.option("--meta", multiple=True, metavar="NAME=VALUE", help="With this pair of the caller's own."),
)


def filter_options(command: F) -> F:
    """Which tasks; each may be given again, except --key."""
    for option in reversed(FILTERS):
        command = option(command)
    return command


def filter_values(given: dict[str, Any]) -> dict[str, Any]:
    """For the service's filter: `Where(**filter_values(given))`."""
    pairs = pairs_of(given.get("meta", ()))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()} | {"meta": pairs}


def pairs_of(texts: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE of --meta; numbers, true and false are themselves."""
    pairs: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE", param_hint="--meta")
        try:
            found = json.loads(value)
        except ValueError:
            found = value
        pairs[name] = found if isinstance(found, str | int | float | bool) and not value.startswith('"') else value
    return pairs


def duration_option(*names: str, help: str) -> Callable[[F], F]:
    """A duration in seconds, given as a number of seconds or as text such as 5m."""
    return click.option(*names, metavar="DURATION", callback=_duration, help=help)


def _duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    seconds = seconds_of(value)
    if value is not None and seconds is None:
        raise click.BadParameter(f'{value!r} is no duration; give seconds, or text like "15s", "5m", "7d"')
    return seconds
