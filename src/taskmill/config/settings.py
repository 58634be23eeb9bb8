"""All settings, each with its default, its check and its description.

A key is the same everywhere: `retention_failed` in the file (or `failed` in a table `retention`),
`TASKMILL_RETENTION_FAILED` in the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from taskmill.config.catalogue import CatalogueConfig
from taskmill.config.fields import (
    Check,
    base_path,
    choice,
    duration,
    names,
    networks,
    optional,
    origins,
    setting,
    text,
    whole,
)
from taskmill.config.profiles import check_profiles
from taskmill.core.state import State
from taskmill.core.times import DAY
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.stores.open import DEFAULT_STORE

YEARS = 3650 * DAY
WORKER = WorkerSettings()
"""Its defaults are those of a worker that no setting says anything about."""
KEPT = WORKER.retention
PREFIX = "TASKMILL_"
FILE = "A file that holds the URL of `{}`, for one with a password."
URL_FILES = ("store_file", "broker_file", "feed_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(CatalogueConfig):
    """Durations in seconds."""

    store: str = setting(
        DEFAULT_STORE,
        text(f"a store URL like {DEFAULT_STORE}"),
        "Where tasks are kept: `sqlite:///name.db` (relative to the working directory), `sqlite:////path` or "
        "`postgresql://user:password@host/database`.",
    )
    broker: str | None = setting(
        None,
        optional(text("a broker URL like amqp://user:password@host:5672/vhost")),
        "What carries tickets to workers: `amqp://` (RabbitMQ) or `redis://`; unset: workers ask the store.",
    )
    feed: str | None = setting(
        None,
        optional(text("a feed URL like redis://host:6379/0")),
        "What carries changes to whoever watches: `redis://` or `amqp://`; unset: the store tells them.",
    )
    store_file: str | None = setting(None, optional(text("a file")), FILE.format("store"))
    broker_file: str | None = setting(None, optional(text("a file")), FILE.format("broker"))
    feed_file: str | None = setting(None, optional(text("a file")), FILE.format("feed"))
    durability: Literal["power", "process"] = setting(
        "power",
        choice("power", "process"),
        "What a stored task survives: `power` (a power cut as well) or `process` (a killed process; faster).",
    )
    app: str | None = setting(
        None,
        optional(text("a module and attribute like tasks:app")),
        "The app that workers run, as `module:attribute`; the task types that ship with Taskmill are always there.",
    )
    host: str = setting("127.0.0.1", text("a host name or address"), "The address the server listens on.")
    port: int = setting(8000, whole(1, 65_535), "The port the server listens on.")
    cors: tuple[str, ...] = setting(
        (), origins("a list of origins like http://localhost:3000"), "Origins whose web pages may call the server."
    )
    hosts: tuple[str, ...] = setting(
        (), names("a list of host names"), "Names that the server answers for where there is no login, besides `host`."
    )
    login: Literal["auto", "always", "never"] = setting(
        "auto",
        choice("auto", "always", "never"),
        "Whether the server asks who comes: `auto`, as soon as there is a user or a token; `never` also lets in "
        "whoever reaches a `host` beyond this machine.",
    )
    tls_certificate: str | None = setting(
        None, optional(text("a file")), "A certificate with its chain (PEM): the server then speaks HTTPS."
    )
    tls_key: str | None = setting(None, optional(text("a file")), "Its key (PEM); unset: in the same file.")
    trusted_proxies: tuple[str, ...] = setting(
        (),
        networks(),
        "Networks of proxies in front of the server whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
    )
    base_path: str = setting(
        "", base_path(), "What addresses begin with, like `/taskmill`, behind a proxy that leaves it there."
    )
    grpc_port: int | None = setting(
        None,
        optional(whole(0, 65_535)),
        "The port for gRPC, at the same `host`; unset: 50051, if it is free and the extra `grpc` is there; 0: none.",
    )
    audit_days: int = setting(400, whole(1, 36_500), "Days for which the audit is kept.")
    profile: str | None = setting(
        None,
        optional(text("the name of a profile")),
        "What the workers are for: `email`, `http`, `data`, `files`, `reports`, `compute`, or one of `profiles`. "
        "It sets `queues`, `slots` and `workers`.",
    )
    profiles: Mapping[str, Mapping[str, Any]] | None = setting(
        None, check_profiles, "Profiles of your own, each a table `[profiles.name]` with some of these three settings."
    )
    workers: int = setting(2, whole(1, 256), "Worker processes.")
    slots: int = setting(WORKER.slots, whole(1, 10_000), "Attempts that one worker process runs at once.")
    processes: int | None = setting(
        None,
        optional(whole(1, 10_000)),
        'Attempts with `executor="processes"` that one worker process runs at once, at most `slots`; unset: the cores '
        "of the machine, divided among the worker processes.",
    )
    queues: tuple[str, ...] | None = setting(
        WORKER.queues, optional(names("a list of queue names")), "Queues the workers serve; unset: all."
    )
    lease: float = setting(
        WORKER.lease,
        duration(1, 3600),
        "How long a claim holds without a sign of life; a lost machine's tasks come back then.",
    )
    grace: float = setting(
        WORKER.grace,
        duration(0, DAY),
        "How long running attempts may go on after a request to stop, before they are given back.",
    )
    loss_limit: int = setting(
        WORKER.loss_limit,
        whole(1, 10_000),
        "How often a task may be lost with workers or machines that others may have brought down, before it is failed.",
    )
    poll: float = setting(
        WORKER.poll,
        duration(0.05, 3600),
        "How often a worker looks at the store unasked, for wake-ups that were missed.",
    )
    retention_succeeded: float = setting(
        KEPT[State.SUCCEEDED], duration(1, YEARS), "How long succeeded tasks are kept."
    )
    retention_failed: float = setting(KEPT[State.FAILED], duration(1, YEARS), "How long failed tasks are kept.")
    retention_cancelled: float = setting(
        KEPT[State.CANCELLED], duration(1, YEARS), "How long cancelled tasks are kept."
    )
    log_level: str = setting(
        "info", choice("debug", "info", "warning", "error"), "The least serious log lines that are printed."
    )
    traceback_paths: Literal["short", "full"] = setting(
        "short",
        choice("short", "full"),
        "How tracebacks of failed tasks name files: `short`, from the folder they are imported from, or `full`.",
    )
    event_loop: Literal["uvloop", "asyncio"] = setting(
        "uvloop",
        choice("uvloop", "asyncio"),
        "What workers and the server run on: `uvloop` (faster; not on Windows), or Python's own `asyncio`, which some "
        "libraries want.",
    )


class Setting(NamedTuple):
    """What is known of one setting."""

    key: str
    default: Any
    check: Check
    description: str
    secret: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.key.upper()


_OF_THE_CATALOGUE = {field.name for field in fields(CatalogueConfig)}

SETTINGS = {
    field.name: Setting(field.name, field.default, **field.metadata)
    for field in sorted(fields(Settings), key=lambda field: field.name in _OF_THE_CATALOGUE)
}
