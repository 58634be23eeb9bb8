"""Settings of the task types that ship with Taskmill, as plain values: they travel to worker processes."""

from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

from taskmill.config.fields import (
    choice,
    duration,
    names,
    networks,
    optional,
    secret,
    setting,
    text,
    web_address,
    whole,
)
from taskmill.core.errors import InvalidSettings
from taskmill.core.secret_files import read_secret
from taskmill.core.times import DAY
from taskmill.stores.contract import Durability

PER_MINUTE = "Requests per minute that all workers of one machine together send there."


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueConfig:
    disabled_types: tuple[str, ...] = setting(
        (), names("a list of task types like http_request,email_sending"), "Task types that are switched off."
    )
    file_roots: tuple[str, ...] = setting(
        ("files",), names("a list of folders"), "Folders below which task types may read and write files."
    )
    upload_limit: int = setting(2 * 10**9, whole(1, 10**15), "Bytes that an uploaded file may have.")
    retention_uploads: float = setting(
        7 * DAY, duration(60, 3650 * DAY), "How long what lies in the folder `uploads` of the first root is kept."
    )
    mail_outbox: str = setting(
        "outbox", text("a folder"), "Where mail is written as `.eml` files while no `smtp_host` is set."
    )
    state_folder: str = setting(
        "state",
        text("a folder"),
        "Where task types keep what they need again: checkpoints, what was sent, cached answers.",
    )
    smtp_host: str | None = setting(
        None, optional(text("a host name or address")), "The SMTP server that mail is handed to."
    )
    smtp_port: int = setting(587, whole(1, 65_535), "Its port: 587 goes with `starttls`, 465 with `tls`.")
    smtp_security: Literal["starttls", "tls", "none"] = setting(
        "starttls",
        choice("starttls", "tls", "none"),
        "How the connection to it is encrypted: `starttls` (or no mail is sent), `tls` from the first byte, or `none`.",
    )
    smtp_user: str | None = setting(None, optional(text("a user name")), "Who logs in there; unset: nobody.")
    smtp_password: str | None = secret("Its password.")
    smtp_password_file: str | None = setting(None, optional(text("a file")), "A file that holds `smtp_password`.")
    mail_from: str = setting(
        "taskmill@localhost", text("a mail address"), "The sender of mail, where a task names none."
    )
    allowed_networks: tuple[str, ...] = setting(
        (),
        networks(),
        "Private, loopback and link-local networks that `http_request` may reach all the same, like 10.1.0.0/16.",
    )
    weather_url: str = setting("https://api.open-meteo.com", web_address(), "Open-Meteo, or a server like it.")
    weather_places_url: str = setting(
        "https://geocoding-api.open-meteo.com", web_address(), "Where `weather` finds places by their names."
    )
    weather_key: str | None = secret("The key of an Open-Meteo customer.")
    weather_key_file: str | None = setting(None, optional(text("a file")), "A file that holds `weather_key`.")
    weather_rate: int = setting(300, whole(1, 100_000), PER_MINUTE)
    exchange_rate_url: str = setting(
        "https://api.frankfurter.dev/v1", web_address(), "Frankfurter, or a server like it."
    )
    exchange_rate_rate: int = setting(60, whole(1, 100_000), PER_MINUTE)
    github_url: str = setting("https://api.github.com", web_address(), "GitHub's REST API, or that of your own server.")
    github_key: str | None = secret("A GitHub token; without one GitHub answers 60 requests per hour.")
    github_key_file: str | None = setting(None, optional(text("a file")), "A file that holds `github_key`.")
    github_rate: int = setting(60, whole(1, 100_000), PER_MINUTE)
    quote_url: str = setting(
        "https://zenquotes.io/api/random",
        web_address(),
        "Answers with a quotation as JSON: `quote`, `content`, `text` or `q`, and `author` or `a`.",
    )
    quote_key: str | None = secret("Sent there as `X-Api-Key`.")
    quote_key_file: str | None = setting(None, optional(text("a file")), "A file that holds `quote_key`.")
    quote_rate: int = setting(10, whole(1, 100_000), PER_MINUTE)


def secrets_of(config: CatalogueConfig) -> list[str]:
    """The value of every secret setting that is set."""
    secrets = [getattr(config, field.name) for field in fields(CatalogueConfig) if field.metadata.get("secret")]
    return [secret for secret in secrets if secret]


class Configuration(NamedTuple):
    """What each process gives its plugins."""

    catalogue: CatalogueConfig
    store: str
    """URL."""
    durability: Durability

    @property
    def disabled_types(self) -> frozenset[str]:
        return frozenset(self.catalogue.disabled_types)


def for_catalogue(settings: CatalogueConfig) -> CatalogueConfig:
    """The part of all settings that the catalogue needs, with secrets read from their files. Raises InvalidSettings."""
    values = {field.name: getattr(settings, field.name) for field in fields(CatalogueConfig)}
    for key in [key for key in values if f"{key}_file" in values]:
        values[key] = _from_file(f"{key}_file", values[f"{key}_file"]) or values[key]
    return CatalogueConfig(**values)


def _from_file(key: str, path: str | None) -> str | None:
    try:
        return None if path is None else read_secret(path)
    except ValueError as error:
        raise InvalidSettings(f"{key}: {error}") from None
