"""`watch`: follow one task to its end, or everything that happens."""

import click

from taskmill.cli.completing import complete_id, complete_task_type
from taskmill.cli.options import json_option, place_options


@click.command()
@click.argument("id", required=False, shell_complete=complete_id)
@click.option("--queue", multiple=True, metavar="NAME", help="All tasks of this queue.")
@click.option(
    "-T", "--type", "task_type", multiple=True, metavar="NAME", shell_complete=complete_task_type, help="Of this type."
)
@json_option
@place_options
def watch(
    id: str | None, queue: tuple[str, ...], task_type: tuple[str, ...], as_json: bool, **places: str | None
) -> None:
    """Follow one task to its end, or all tasks.

    With an ID, it prints the logs and the result. Without one, it goes on until Ctrl-C. In a pipe, a line per
    change: the fields of `list`, separated by tabs; with --json, a document per line.
    """
    from taskmill.cli.interrupt import interruptible
    from taskmill.cli.live import live
    from taskmill.cli.session import session
    from taskmill.cli.watching import watch_all, watch_one
    from taskmill.service.views import Where

    if id is not None and (queue or task_type):
        raise click.UsageError("an ID and --queue or --type cannot go together")
    with session(**places) as opened, live(**places) as changes:
        if id is None:
            watch_all(opened, changes, Where(queue=list(queue), task_type=list(task_type)), as_json)
            return
        with interruptible(id):
            watch_one(opened, changes, id, as_json)
