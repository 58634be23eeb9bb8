"""`migrate`: bring the schema of the store up to date, before servers and workers do it themselves."""

import asyncio

import click

from taskmill.cli.options import json_option, store_options
from taskmill.cli.output import document
from taskmill.config.load import settings
from taskmill.service import admin
from taskmill.service.errors import FAILED


@click.command()
@click.option("--check", is_flag=True, help="Only say whether it is needed; the exit code is 1 then.")
@json_option
@store_options
def migrate(check: bool, as_json: bool, store: str | None, config: str | None) -> None:
    """Bring the schema of the store up to date.

    `up`, `server` and `worker` do the same when they start. Those of the version before go on working meanwhile.
    """
    configured = settings({"store": store}, file=config)
    before, now, newest = asyncio.run(admin.migrate(configured.store, configured.durability, check=check))
    if as_json:
        document({"from": before, "to": now, "newest": newest})
    elif now < newest:
        click.echo(f"needed: schema {now} → {newest}")
    elif before == now:
        click.echo(f"up to date: schema {now}")
    else:
        click.echo(f"done: schema {before} → {now}")
    click.get_current_context().exit(FAILED if now < newest else 0)
