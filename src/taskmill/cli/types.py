"""`types`: which task types there are, and how to use one."""

import shlex
from typing import Any

import click
import msgspec

from taskmill.cli.completion import complete_task_type
from taskmill.cli.hints import here
from taskmill.cli.options import json_option, pass_on, store_options
from taskmill.cli.output import cell, document, rows
from taskmill.cli.parameters import fields, parts, sole_field
from taskmill.service.session import open_session
from taskmill.service.views import TaskTypeView


@click.group(invoke_without_command=True)
@json_option
@store_options
@click.pass_context
def types(ctx: click.Context, /, **given: Any) -> None:
    """List task types; show one with an example."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_types, **given)
    pass_on(ctx, given)


@types.command("list")
@json_option
@store_options
def list_types(as_json: bool, store: str | None, config: str | None) -> None:
    """Task types that workers have registered, and how many live workers have each now."""
    with open_session(store, config) as session:
        found = session.run(session.service.task_types()).task_types
    if as_json:
        document(found)
    else:
        lines = ((each.name, each.queue, each.description, each.workers) for each in found)
        rows(
            ("type", "queue", "description", "workers"),
            lines,
            "no worker has registered a task type yet; start one: taskmill worker",
        )


@types.command()
@click.argument("name", shell_complete=complete_task_type)
@json_option
@store_options
def show(name: str, as_json: bool, store: str | None, config: str | None) -> None:
    """Show a task type: its parameters, and a command that works as it stands."""
    with open_session(store, config) as session:
        view = session.run(session.service.task_type(name))
    if as_json:
        document(view)
        return
    schema = msgspec.json.decode(view.schema)
    _show_head(view)
    rows(("parameter", "type", "required", "description"), fields(schema), "it takes no parameters")
    for name, description, inner in parts(schema):
        click.echo(f"\n{name}: {description}" if description else f"\n{name}")
        rows(("field", "type", "required", "description"), inner, "it has no fields")
    click.echo(f"\n{here(pasteable(view))}")


def pasteable(view: TaskTypeView) -> str:
    """A command with parameters of the right shape."""
    sole = sole_field(msgspec.json.decode(view.schema))
    value = view.example.get(sole) if sole and len(view.example) == 1 else None
    if isinstance(value, str) and value and value[0] not in "{- ":
        text = value
    elif isinstance(value, int | float):
        text = msgspec.json.encode(value).decode()
    else:
        text = msgspec.json.encode(view.example).decode()
    return f"taskmill submit -T {shlex.quote(view.name)} -P {shlex.quote(text)}"


def _show_head(view: TaskTypeView) -> None:
    limits = f"attempts: {view.attempt_limit}, timeout: {'none' if view.timeout is None else f'{view.timeout:g} s'}"
    click.echo(": ".join(filter(None, (cell(view.name), cell(view.description)))))
    served = f"workers: {view.workers}" if view.workers else "no live worker has it"
    click.echo(f"queue: {cell(view.queue)}, {limits}, {served}\n")
