"""`types`: which task types there are, and how to use one."""

import shlex
from typing import TYPE_CHECKING, Any

import click

from taskmill.cli.completing import complete_task_type
from taskmill.cli.options import json_option, store_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskmill.server.views import TaskTypeView


@click.group(invoke_without_command=True)
@click.pass_context
def types(ctx: click.Context) -> None:
    """List task types; show one with an example."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_types)


@types.command("list")
@json_option
@store_options
def list_types(as_json: bool, store: str | None, config: str | None) -> None:
    """Task types that workers have registered."""
    from taskmill.cli.output import document, rows
    from taskmill.cli.session import session
    from taskmill.sdk.sync import run

    with session(store, config) as (service, _):
        found = run(service.task_types()).task_types
    if as_json:
        document(found)
    else:
        lines = ((task_type.name, task_type.queue, task_type.description) for task_type in found)
        rows(("type", "queue", "description"), lines, "no worker has registered a task type yet")


@types.command()
@click.argument("name", shell_complete=complete_task_type)
@json_option
@store_options
def show(name: str, as_json: bool, store: str | None, config: str | None) -> None:
    """Show a task type: its parameters, and a command that works as it stands."""
    from taskmill.cli.output import document, rows
    from taskmill.cli.session import session
    from taskmill.sdk.sync import run

    with session(store, config) as (service, _):
        view = run(service.task_type(name))
    if as_json:
        document(view)
        return
    _show_head(view)
    rows(("parameter", "type", "required", "description"), fields(view), "it takes no parameters")
    click.echo(f"\n{pasteable(view)}")


def fields(view: "TaskTypeView") -> "Iterator[tuple[object, ...]]":
    import msgspec

    schema: dict[str, Any] = msgspec.json.decode(view.schema)
    for name, field in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        notes = [*_limits(field)]
        if not required and field.get("default") is not None:
            notes.append(f"default {msgspec.json.encode(field['default']).decode()}")
        said = f" ({'; '.join(notes)})" if notes else ""
        yield name, _type(field), required, f"{field.get('description', '')}{said}"


def _limits(field: dict[str, Any]) -> "Iterator[str]":
    """In words: from 1, to 1000, up to 200 characters."""
    for option in field.get("anyOf", (field,)):
        least, most = option.get("minimum", option.get("exclusiveMinimum")), option.get("maximum")
        if least is not None or most is not None:
            yield " ".join([f"from {least:,}"] * (least is not None) + [f"to {most:,}"] * (most is not None))
        if "maxLength" in option:
            yield f"up to {option['maxLength']:,} characters"
        if "enum" in option:
            yield "one of " + ", ".join(map(str, option["enum"]))


def pasteable(view: "TaskTypeView") -> str:
    """A command with parameters of the right shape."""
    import msgspec

    from taskmill.cli.parameters import sole_field

    sole = sole_field(msgspec.json.decode(view.schema))
    value = view.example.get(sole) if sole and len(view.example) == 1 else None
    if isinstance(value, str) and value and value[0] not in "{- ":
        text = value
    elif isinstance(value, int | float):
        text = msgspec.json.encode(value).decode()
    else:
        text = msgspec.json.encode(view.example).decode()
    return f"taskmill submit -T {shlex.quote(view.name)} -P {shlex.quote(text)}"


def _show_head(view: "TaskTypeView") -> None:
    from taskmill.cli.output import cell

    limits = f"attempts: {view.attempt_limit}, timeout: {'none' if view.timeout is None else f'{view.timeout:g} s'}"
    click.echo(": ".join(filter(None, (cell(view.name), cell(view.description)))))
    click.echo(f"queue: {cell(view.queue)}, {limits}\n")


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    found = field.get("type", "any")
    return " or ".join(found) if isinstance(found, list) else str(found)
