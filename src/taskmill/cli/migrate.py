"""`migrate`: bring the schema of the store up to date, before servers and workers do it themselves."""

from typing import TYPE_CHECKING

import click

from taskmill.cli.options import json_option, store_options

if TYPE_CHECKING:
    from taskmill.config.settings import Settings
    from taskmill.stores.schema import Schema


@click.command()
@click.option("--check", is_flag=True, help="Only say whether it is needed; the exit code is 1 then.")
@json_option
@store_options
def migrate(check: bool, as_json: bool, store: str | None, config: str | None) -> None:
    """Bring the schema of the store up to date.

    `up`, `server` and `worker` do the same when they start. Those of the version before go on working meanwhile.
    """
    import asyncio

    from taskmill.cli.failures import FAILED
    from taskmill.config.load import settings
    from taskmill.stores.schema import schema_of

    configured = settings({"store": store}, file=config)
    before = asyncio.run(schema_of(configured.store))
    _refuse_newer(before)
    after = before if check else asyncio.run(_migrated(configured))
    _show(before, after, as_json)
    click.get_current_context().exit(FAILED if after.found < after.newest else 0)


def _refuse_newer(schema: "Schema") -> None:
    from taskmill.core.errors import SchemaTooNew

    if schema.found > schema.newest:
        raise SchemaTooNew(
            f"the store has schema {schema.found}, and this Taskmill knows schemas up to {schema.newest}",
            hint="use the Taskmill that made it, or a newer one",
        )


async def _migrated(settings: "Settings") -> "Schema":
    from taskmill.stores.open import open_store
    from taskmill.stores.schema import schema_of

    store = open_store(settings.store, caller="loop", durability=settings.durability)
    try:
        await store.open()
    finally:
        await store.close()
    return await schema_of(settings.store)


def _show(before: "Schema", after: "Schema", as_json: bool) -> None:
    from taskmill.cli.output import document

    if as_json:
        document({"from": before.found, "to": after.found, "newest": after.newest})
    elif after.found < after.newest:
        click.echo(f"needed: schema {after.found} → {after.newest}")
    elif before.found == after.found:
        click.echo(f"up to date: schema {after.found}")
    else:
        click.echo(f"done: schema {before.found} → {after.found}")
