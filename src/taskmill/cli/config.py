"""`config check`: every setting in force, where it comes from, and all that is wrong."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from taskmill.cli.options import config_option, json_option

if TYPE_CHECKING:
    from taskmill.config.load import Loaded
    from taskmill.config.sources import SettingFinding


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@config_option
@json_option
def check(config: str | None, as_json: bool) -> None:
    """Print every setting with its value and source, and everything that is wrong with them."""
    from taskmill.cli.output import document, rows
    from taskmill.config.load import load, refuse
    from taskmill.config.reference import effective

    loaded = load(file=config)
    loaded = loaded._replace(findings=[*loaded.findings, *_beyond(loaded)])
    if as_json:
        document(_document(loaded))
    else:
        rows(("setting", "value", "source"), effective(loaded), "")
        for path in loaded.unread:
            click.echo(f"note: {path} is not read, because {loaded.file} is there", err=True)
    refuse(loaded.findings, hint=None)


def _beyond(loaded: "Loaded") -> "Iterator[SettingFinding]":
    """What only those know who use a setting: is this the URL of a store, may a server listen there?

    Nothing is opened.
    """
    from taskmill.brokers.open import broker_scheme
    from taskmill.config.masking import masked
    from taskmill.config.sources import Raw, SettingFinding, location
    from taskmill.core.errors import InvalidSettings
    from taskmill.feeds.open import feed_scheme
    from taskmill.server.guard import loopback
    from taskmill.stores.open import open_store

    users: dict[str, Callable[[str], object]] = {
        "store": open_store,
        "broker": broker_scheme,
        "feed": feed_scheme,
        "host": loopback,
    }
    for key, use in users.items():
        value = getattr(loaded.settings, key)
        try:
            if value is not None:
                use(value)
        except InvalidSettings as error:
            yield SettingFinding(location(Raw(key, value, loaded.sources[key])), masked(f"{error}; {error.hint}"))
    yield from _unreadable(loaded)


def _unreadable(loaded: "Loaded") -> "Iterator[SettingFinding]":
    """Files that should hold secrets."""
    from taskmill.config.catalogue import for_catalogue
    from taskmill.config.sources import Raw, SettingFinding, location
    from taskmill.core.errors import InvalidSettings

    try:
        for_catalogue(loaded.settings)
    except InvalidSettings as error:
        key, _, what = str(error).partition(": ")
        yield SettingFinding(location(Raw(key, None, loaded.sources[key])), what)


def _document(loaded: "Loaded") -> object:
    from taskmill.config.reference import effective

    found = {key: {"value": value, "source": source} for key, value, source in effective(loaded)}
    findings = [finding._asdict() for finding in loaded.findings]
    return {"file": loaded.file and str(loaded.file), "settings": found, "findings": findings}
