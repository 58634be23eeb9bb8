"""`config check`: every setting in force, where it comes from, and all that is wrong."""

from collections.abc import Callable, Iterator
from functools import partial

import click

from taskmill.cli.options import config_option, json_option
from taskmill.cli.output import document, rows
from taskmill.config.catalogue import for_catalogue
from taskmill.config.load import Loaded, load, refuse
from taskmill.config.masking import masked
from taskmill.config.reference import effective
from taskmill.config.sources import Raw, SettingFinding, location
from taskmill.core.errors import InvalidSettings
from taskmill.service.configured import check_usable

USERS: dict[str, Callable[[str], object]] = {key: partial(check_usable, key) for key in ("store", "broker", "feed")}
"""Who knows whether a value makes sense."""


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@config_option
@json_option
def check(config: str | None, as_json: bool) -> None:
    """Print every setting with its value and source, and everything that is wrong with them."""
    loaded = load(file=config)
    loaded = loaded._replace(findings=[*loaded.findings, *_beyond(loaded)])
    if as_json:
        found = {key: {"value": value, "source": source} for key, value, source in effective(loaded)}
        findings = [finding._asdict() for finding in loaded.findings]
        document({"file": loaded.file and str(loaded.file), "settings": found, "findings": findings})
    else:
        rows(("setting", "value", "source"), effective(loaded), "")
        for path in loaded.unread:
            click.echo(f"note: {path} is not read, because {loaded.file} is there", err=True)
    refuse(loaded.findings, hint=None)


def _beyond(loaded: Loaded) -> Iterator[SettingFinding]:
    """What only those know who use a setting: is this the URL of a store?

    Nothing is opened.
    """
    for key, use in USERS.items():
        value = getattr(loaded.settings, key)
        try:
            if value is not None:
                use(value)
        except InvalidSettings as error:
            yield SettingFinding(location(Raw(key, value, loaded.sources[key])), masked(f"{error}; {error.hint}"))
    try:
        for_catalogue(loaded.settings)  # reads the files that hold secrets
    except InvalidSettings as error:
        key, _, what = str(error).partition(": ")
        yield SettingFinding(location(Raw(key, None, loaded.sources[key])), what)
