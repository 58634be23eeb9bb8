"""`doctor`: a real round trip to each component, and what to do about what fails."""

from typing import TYPE_CHECKING, Any

import click

from taskmill.cli.options import json_option, setting_options

if TYPE_CHECKING:
    from taskmill.cli.checks.finding import Finding
    from taskmill.config.settings import Settings

COMPONENTS = ("store", "broker", "feed")


@click.command()
@json_option
@setting_options(*COMPONENTS)
def doctor(as_json: bool, **given: Any) -> None:
    """Check the store, the broker and the live feed, and whether there are workers for what waits.

    Each is asked for a real round trip, for at most 5 seconds. The exit code is 1 when something failed; a warning
    leaves it 0. In a pipe, the fields are separated by tabs: check, level, what was found, what to do.
    """
    import asyncio
    import logging

    from taskmill.cli.failures import FAILED
    from taskmill.config.load import settings

    logging.getLogger("taskmill").addHandler(logging.NullHandler())  # what components log is what is found
    findings = asyncio.run(_examine(settings(given, file=given.pop("config"))))
    sound = all(finding.level != "failed" for finding in findings)
    _show(findings, sound, as_json)
    click.get_current_context().exit(0 if sound else FAILED)


async def _examine(settings: "Settings") -> "list[Finding]":
    import asyncio

    from taskmill.cli.checks import carriers, store

    parts = [store.check(settings)]
    parts += [carriers.broker(settings.broker)] if settings.broker else []
    parts += [carriers.feed(settings.feed)] if settings.feed else []
    return [finding for part in await asyncio.gather(*parts) for finding in part]


def _show(findings: "list[Finding]", sound: bool, as_json: bool) -> None:
    from taskmill.cli.output import cell, document, rows, terminal
    from taskmill.config.masking import masked

    for each in findings:
        each.found, each.hint = masked(each.found), each.hint and masked(each.hint)
    if as_json:
        document({"sound": sound, "findings": findings})
    elif terminal():
        rows(("check", "level", "found"), [(each.check, each.level, each.found) for each in findings], "")
        hints = [f"{cell(each.check)}: {cell(each.hint)}" for each in findings if each.hint]
        click.echo("".join(f"{hint}\n" for hint in hints), nl=False)
    else:
        rows((), [(each.check, each.level, each.found, each.hint) for each in findings], "")
