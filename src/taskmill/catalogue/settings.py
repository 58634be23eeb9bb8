"""What the task types of the catalogue work with: where files are, which servers they may use, what is off."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from taskmill.config.catalogue import CatalogueConfig, for_catalogue
from taskmill.config.load import settings
from taskmill.stores.contract import Durability
from taskmill.stores.open import DEFAULT_STORE

DEFAULT = CatalogueConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    host: str
    port: int = DEFAULT.smtp_port
    security: Literal["starttls", "tls", "none"] = DEFAULT.smtp_security
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A server that answers questions over HTTP."""

    url: str
    """Without a slash at its end."""
    key: str | None = field(default=None, repr=False)
    rate: int
    """Requests per minute, of all processes of this machine together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataEngineLimits:
    """Of one task of `data_processing`."""

    poll: float = 0.1
    """Seconds between two looks at whether the task was cancelled."""
    interrupt_timeout: float = 1.0
    """Seconds after which a statement that was interrupted hangs: of DuckDB 2.0's COPY to CSV one in a dozen does."""
    largest_output: int = 20 * 10**9
    """Bytes; a join can make many rows of few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSettings:
    roots: tuple[Path, ...] = tuple(Path(root) for root in DEFAULT.file_roots)
    """Files are read and written below these folders alone; the first is where relative names begin."""
    upload_limit: int = DEFAULT.upload_limit
    """Bytes."""
    retention_uploads: float = DEFAULT.retention_uploads
    """Seconds."""
    outbox: Path = Path(DEFAULT.mail_outbox)
    """Mail is written here as `.eml` files while there is no SMTP server."""
    state: Path = Path(DEFAULT.state_folder)
    """Checkpoints, what was sent, cached answers. Made when it is needed."""
    store: str = DEFAULT_STORE
    durability: Durability = "power"
    smtp: Smtp | None = None
    mail_from: str = DEFAULT.mail_from
    allowed_networks: tuple[str, ...] = ()
    """Private networks that `http_request` may reach all the same."""
    weather: Provider = Provider(url=DEFAULT.weather_url, rate=DEFAULT.weather_rate)
    weather_places: str = DEFAULT.weather_places_url
    exchange_rate: Provider = Provider(url=DEFAULT.exchange_rate_url, rate=DEFAULT.exchange_rate_rate)
    github: Provider = Provider(url=DEFAULT.github_url, rate=DEFAULT.github_rate)
    quote: Provider = Provider(url=DEFAULT.quote_url, rate=DEFAULT.quote_rate)
    disabled_types: frozenset[str] = frozenset()
    data_engine: DataEngineLimits = DataEngineLimits()
    checkpoint_interval: float = 0.5
    """Seconds between two checkpoints of a simulation."""


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
    """What this process was configured with; else, once read, what the settings file and the environment say.

    Raises InvalidSettings.
    """
    if _current is None:
        found = settings()
        use(from_config(for_catalogue(found), found.store, found.durability))
        return current()
    return _current


def use(settings: CatalogueSettings | None) -> None:
    """Configure this process; None forgets."""
    global _current
    _current = settings
