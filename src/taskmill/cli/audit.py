"""`audit`: who changed what, and whether that is what was written then."""

from typing import Any

import click

from taskmill.cli.options import json_option, pass_on, store_options
from taskmill.cli.output import details, document, json_line, rows
from taskmill.service.audit import PAGE, AuditWhere
from taskmill.service.errors import FAILED
from taskmill.service.session import open_session


@click.group(invoke_without_command=True)
@click.option("--who", metavar="NAME", help="By this one, like user:ada or token:ci.")
@click.option("--face", metavar="FACE", help="Through this face: rest, grpc, graphql, cli, python.")
@click.option("--action", metavar="ACTION", help="Of this kind, like cancel.")
@click.option("--target", metavar="TARGET", help="To this, such as the id of a task.")
@click.option("--after", metavar="TIME", help="After this time, like 2026-01-31T08:00:00Z.")
@click.option("--before", metavar="TIME", help="Before this time.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many lines.")
@click.option("--jsonl", is_flag=True, help="Print all lines that match as JSON, one on each line.")
@json_option
@store_options
@click.pass_context
def audit(context: click.Context, /, limit: int, jsonl: bool, as_json: bool, **given: Any) -> None:
    """Show who changed what, newest first."""
    store, config = given.pop("store"), given.pop("config")
    pass_on(context, {"store": store, "config": config, "as_json": as_json})
    if context.invoked_subcommand is not None:
        return
    cursor: str | None = None
    with open_session(store, config) as session:
        while True:
            asked = PAGE if jsonl else min(limit, PAGE)
            page = session.run(session.service.audit.lines(AuditWhere(**given), asked, cursor))
            cursor = page.next_cursor
            if as_json:
                document(page)
            elif jsonl:
                for line in page.lines:
                    json_line(line)
            else:
                heads = ("at", "who", "face", "address", "action", "target", "affected", "outcome")
                shown = [[getattr(line, head) for head in heads] for line in page.lines]
                rows(heads, shown, "nothing was changed yet", spare=("address", "affected"))
            if not jsonl or cursor is None:
                return


@audit.command()
@click.option("--known", metavar="NUMBER:HASH", help="The end that an earlier verification printed.")
@json_option
@store_options
@click.pass_context
def verify(context: click.Context, /, known: str | None, as_json: bool, **where: Any) -> None:
    """Check that no line was changed, taken out or put in.

    Whoever can write the store could make a whole new chain: keep the end that is printed elsewhere, and give it with
    --known the next time.
    """
    with open_session(**where) as session:
        found = session.run(session.service.audit.verify(known))
    if as_json:
        document(found)
    else:
        details((("intact", found.intact), ("why", found.why), ("lines", found.lines), ("end", found.end)))
    if not found.intact:
        context.exit(FAILED)
