"""`copy`: all tasks of one store into another."""

from typing import TYPE_CHECKING

import click

from taskmill.cli.options import config_option, json_option

if TYPE_CHECKING:
    from taskmill.cli.copying import Report


@click.command()
@click.option("--from", "source", metavar="URL", required=True, help="The store that is read.")
@click.option("--to", "target", metavar="URL", help="The store that is written; else the one of the settings.")
@click.option("--finished", is_flag=True, help="Only finished tasks: safe while workers serve the store that is read.")
@json_option
@config_option
def copy(source: str, target: str | None, finished: bool, as_json: bool, config: str | None) -> None:
    """Copy tasks with all that is kept of them, task types and paused queues from one store into another.

    It may be interrupted and repeated: what is there already is skipped, and what has changed meanwhile is brought up
    to date. It refuses while workers serve the store that is read, so that no task runs in both.

    \b
    taskmill copy --from sqlite:///taskmill.db --to postgresql://taskmill@db/taskmill
    """
    import asyncio

    from taskmill.cli.copying import copied, display
    from taskmill.cli.interrupt import Interrupted
    from taskmill.config.load import settings

    configured = settings({"store": target}, file=config)
    try:
        with display() as shown:
            report = asyncio.run(copied(source, configured.store, finished, shown))
    except KeyboardInterrupt:
        raise Interrupted("the same command goes on where it was") from None
    _tell(report, as_json)


def _tell(report: "Report", as_json: bool) -> None:
    from taskmill.cli.output import document
    from taskmill.core.errors import Conflict

    if as_json:
        document(report)
    else:
        click.echo(str(report))
    if report.refused:
        raise Conflict(
            f"{len(report.refused)} tasks stayed out, because other unfinished tasks there have their keys: "
            + ", ".join(report.refused[:5]),
            hint="copy again when those have ended",
        )
