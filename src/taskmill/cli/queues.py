"""`queues` and `workers`: who waits, who serves, and what is paused."""

from typing import Any

import click

from taskmill.cli.completion import complete_queue
from taskmill.cli.options import json_option, pass_on, store_options
from taskmill.cli.output import cell, document, rows, terminal
from taskmill.cli.tasks import ago
from taskmill.service.session import open_session


@click.group(invoke_without_command=True)
@json_option
@store_options
@click.pass_context
def queues(ctx: click.Context, /, **given: Any) -> None:
    """List, pause and resume queues."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_queues, **given)
    pass_on(ctx, given)


@queues.command("list")
@json_option
@store_options
def list_queues(as_json: bool, store: str | None, config: str | None) -> None:
    """Queues with their ready, running and scheduled tasks, and whether they are paused."""
    with open_session(store, config) as session:
        found = session.run(session.service.queues()).queues
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
    with open_session(store, config) as session:
        state = session.run(session.service.pause(name) if paused else session.service.resume(name))
    if as_json:
        document(state)
    else:
        click.echo(f"{cell(name)} is {'paused' if state.paused else 'open'}")


@click.command()
@json_option
@store_options
def workers(as_json: bool, store: str | None, config: str | None) -> None:
    """List worker processes.

    In a pipe, the fields are separated by tabs: id, alive, host, pid, queues, running, slots, seen.
    """
    with open_session(store, config) as session:
        found = session.run(session.service.workers()).workers
    if as_json:
        document(found)
        return
    headers = ("id", "alive", "host", "pid", "queues", "running", "slots", "seen")
    lines = (
        (
            w.id,
            w.alive,
            w.host,
            w.pid,
            "all" if w.queues is None else w.queues,
            w.running,
            w.slots,
            ago(w.seen_at) if terminal() else w.seen_at[:19] + "Z",
        )
        for w in found
    )
    rows(headers, lines, "no worker is serving this store; start one: taskmill worker", ("host", "pid", "slots"))
