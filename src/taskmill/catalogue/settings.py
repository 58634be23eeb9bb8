"""What the task types of the catalogue are told: where files are, which servers they may use, what is off."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from taskmill.config.catalogue import CatalogueConfig, for_catalogue
from taskmill.config.load import settings
from taskmill.stores.contract import Durability


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A server that answers questions over HTTP."""

    url: str
    """Without a slash at its end."""
    key: str | None = field(default=None, repr=False)
    rate: int = 60
    """Requests per minute, of all processes of this machine together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSettings:
    roots: tuple[Path, ...] = (Path("files"),)
    """Files are read and written below these folders alone; the first is where relative names begin."""
    upload_limit: int = 2 * 10**9
    """Bytes."""
    retention_uploads: float = 7 * 86_400.0
    """Seconds."""
    outbox: Path = Path("outbox")
    """Mail is written here as `.eml` files while there is no SMTP server."""
    state: Path = Path("state")
    """Checkpoints, what was sent, cached answers. Made when it is needed."""
    store: str = "sqlite:///taskmill.db"
    durability: Durability = "power"
    smtp: Smtp | None = None
    mail_from: str = "taskmill@localhost"
    allowed_networks: tuple[str, ...] = ()
    """Private networks that `http_request` may reach all the same."""
    weather: Provider = Provider(url="https://api.open-meteo.com", rate=300)
    weather_places: str = "https://geocoding-api.open-meteo.com"
    exchange_rate: Provider = Provider(url="https://api.frankfurter.dev/v1")
    github: Provider = Provider(url="https://api.github.com")
    quote: Provider = Provider(url="https://zenquotes.io/api/random", rate=10)
    disabled_types: frozenset[str] = frozenset()


def from_config(config: CatalogueConfig, store: str, durability: Durability) -> CatalogueSettings:
    return CatalogueSettings(
        roots=tuple(Path(root) for root in config.file_roots),
        upload_limit=config.upload_limit,
        retention_uploads=config.retention_uploads,
        outbox=Path(config.mail_outbox),
        state=Path(config.state_folder),
        store=store,
        durability=durability,
        smtp=_smtp(config),
        mail_from=config.mail_from,
        allowed_networks=config.allowed_networks,
        weather=Provider(url=config.weather_url, key=config.weather_key, rate=config.weather_rate),
        weather_places=config.weather_places_url,
        exchange_rate=Provider(url=config.exchange_rate_url, rate=config.exchange_rate_rate),
        github=Provider(url=config.github_url, key=config.github_key, rate=config.github_rate),
        quote=Provider(url=config.quote_url, key=config.quote_key, rate=config.quote_rate),
        disabled_types=frozenset(config.disabled_types),
    )


def _smtp(config: CatalogueConfig) -> Smtp | None:
    if config.smtp_host is None:
        return None
    return Smtp(
        host=config.smtp_host,
        port=config.smtp_port,
        security=config.smtp_security,
        user=config.smtp_user,
        password=config.smtp_password,
    )


_current: CatalogueSettings | None = None


def current() -> CatalogueSettings:
    """What this process was told; else, once read, what the settings file and the environment say.

    Raises InvalidSettings.
    """
    if _current is None:
        found = settings()
        use(from_config(for_catalogue(found), found.store, found.durability))
        return current()
    return _current


def use(told: CatalogueSettings | None) -> None:
    """Tell this process; None forgets."""
    global _current
    _current = told
