"""`doctor`: a real round trip to each component, and what to do about what fails."""

import asyncio
import logging
from typing import Any

import click

from taskmill.cli.hints import here
from taskmill.cli.options import json_option, setting_options
from taskmill.cli.output import cell, document, rows, terminal
from taskmill.config.load import settings
from taskmill.config.masking import masked
from taskmill.service.doctor import CheckResult, examine
from taskmill.service.doctor_machine import examine_machine
from taskmill.service.errors import FAILED
from taskmill.service.session import connection_settings

COMPONENTS = ("store", "broker", "feed")


@click.command()
@json_option
@setting_options(*COMPONENTS)
def doctor(as_json: bool, **given: Any) -> None:
    """Check the store, the broker and the live feed, and whether there are workers for what waits.

    Each is asked for a real round trip, for at most 5 seconds. The exit code is 1 when something failed; a warning
    leaves it 0. In a pipe, the fields are separated by tabs: check, level, what was found, what to do.
    """
    logging.getLogger("taskmill").addHandler(logging.NullHandler())  # what components log is what is found
    configured = settings(given, file=given.pop("config"))
    results = [*asyncio.run(examine(connection_settings(configured))), *examine_machine(configured)]
    sound = all(result.level != "failed" for result in results)
    _show(results, sound, as_json)
    click.get_current_context().exit(0 if sound else FAILED)


def _show(results: list[CheckResult], sound: bool, as_json: bool) -> None:
    for each in results:
        each.found, each.hint = masked(each.found), each.hint and masked(here(each.hint))
    if as_json:
        document({"sound": sound, "findings": results})
    elif terminal():
        rows(("check", "level", "found"), [(each.check, each.level, each.found) for each in results], "")
        hints = [f"{cell(each.check)}: {cell(each.hint)}" for each in results if each.hint]
        click.echo("".join(f"{hint}\n" for hint in hints), nl=False)
    else:
        rows((), [(each.check, each.level, each.found, each.hint) for each in results], "")
