"""`workers`: who serves the store."""

import click

from taskmill.cli.options import json_option, store_options


@click.command()
@json_option
@store_options
def workers(as_json: bool, store: str | None, config: str | None) -> None:
    """List worker processes.

    In a pipe, the fields are separated by tabs: id, alive, host, pid, queues, running, slots, seen.
    """
    from taskmill.cli.output import document, rows, terminal
    from taskmill.cli.session import session
    from taskmill.cli.tasks import ago
    from taskmill.sdk.sync import run

    with session(store, config) as (service, _):
        found = run(service.workers()).workers
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
