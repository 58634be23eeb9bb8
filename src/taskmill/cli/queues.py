"""`queues`: look at them, pause and resume them."""

import click

from taskmill.cli.completing import complete_queue
from taskmill.cli.options import json_option, store_options


@click.group(invoke_without_command=True)
@click.pass_context
def queues(ctx: click.Context) -> None:
    """List, pause and resume queues."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_queues)


@queues.command("list")
@json_option
@store_options
def list_queues(as_json: bool, store: str | None, config: str | None) -> None:
    """Queues with their ready, running and scheduled tasks, and whether they are paused."""
    from taskmill.cli.output import document, rows
    from taskmill.cli.session import session
    from taskmill.sdk.sync import run

    with session(store, config) as (service, _):
        found = run(service.queues()).queues
    if as_json:
        document(found)
    else:
        lines = ((queue.name, queue.ready, queue.running, queue.scheduled, queue.paused) for queue in found)
        rows(("queue", "ready", "running", "scheduled", "paused"), lines, "there is no queue yet")


@queues.command()
@click.argument("name", shell_complete=complete_queue)
@json_option
@store_options
def pause(name: str, as_json: bool, store: str | None, config: str | None) -> None:
    """Let workers claim nothing more from a queue; what runs goes on."""
    _set(name, True, as_json, store, config)


@queues.command()
@click.argument("name", shell_complete=complete_queue)
@json_option
@store_options
def resume(name: str, as_json: bool, store: str | None, config: str | None) -> None:
    """Let workers claim from a queue again."""
    _set(name, False, as_json, store, config)


def _set(name: str, paused: bool, as_json: bool, store: str | None, config: str | None) -> None:
    from taskmill.cli.output import cell, document
    from taskmill.cli.session import session
    from taskmill.sdk.sync import run

    with session(store, config) as (service, _):
        state = run(service.pause(name) if paused else service.resume(name))
    if as_json:
        document(state)
    else:
        click.echo(f"{cell(name)} is {'paused' if state.paused else 'open'}")
