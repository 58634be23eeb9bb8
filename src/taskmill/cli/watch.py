"""`watch`: follow one task to its end, or everything that happens."""

import click

from taskmill.cli.completing import complete_id
from taskmill.cli.options import json_option, place_options


@click.command()
@click.argument("id", required=False, shell_complete=complete_id)
@json_option
@place_options
def watch(id: str | None, as_json: bool, **places: str | None) -> None:
    """Follow one task to its end, or all tasks.

    With an ID, it prints the logs and the result. Without one, it goes on until Ctrl-C. In a pipe, a line per
    change: the fields of `list`, separated by tabs; with --json, a document per line.
    """
    from taskmill.cli.interrupt import interruptible
    from taskmill.cli.session import session
    from taskmill.cli.watching import watch_all, watch_one

    with session(**places) as opened:
        if id is None:
            watch_all(opened, as_json)
            return
        with interruptible(id):
            watch_one(opened, id, as_json)
