"""What to run, and how a child is told: in one line through its standard input.

The URLs may hold passwords, and a command line can be read by everyone on the machine.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from taskmill.config.catalogue import CatalogueConfig, Configuration, secrets_of
from taskmill.config.server import ServerSettings
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.sdk.backend import ConnectionSettings
from taskmill.stores.contract import Durability

CANNOT_START = 78
"""A child's exit code (EX_CONFIG of sysexits.h) when starting it again cannot help."""
STORE_AWAY = 75
"""A child's exit code (EX_TEMPFAIL) when it could not reach the store: it is tried again."""

READY = "ready"
ENDING = "ending"
"""What a child says of itself: it serves; it was asked to end, or ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorTimings:
    """Seconds."""

    stable_after: float = 10.0
    """A child that lived so long was started well: its next restart does not wait."""
    longest_restart_delay: float = 10.0
    kill_margin: float = 5.0
    """After the grace period, before a child that should end is killed."""
    store_retry: float = 1.0
    """Between two tries to give back a dead worker's tasks, while the store fails."""


class Plan(NamedTuple):
    store: str
    durability: Durability
    app: str | None
    """`module:attribute`; None serves the task types that ship with Taskmill."""
    workers: int
    settings: WorkerSettings
    server: ServerSettings | None = None
    log_level: str = "info"
    traceback_paths: Literal["short", "full"] = "short"
    event_loop: Literal["uvloop", "asyncio"] = "uvloop"
    catalogue: CatalogueConfig = CatalogueConfig()
    broker: str | None = None
    """URL; None: workers claim by queue, woken by the store."""
    feed: str | None = None
    """URL; None: who watches reads the store."""
    reload: bool = False
    """Start the workers again when Python files below the working directory change."""

    @property
    def connection(self) -> ConnectionSettings:
        return ConnectionSettings(self.store, self.durability, self.broker, self.feed)

    @property
    def secrets(self) -> list[str]:
        """What no text that is stored or printed may hold."""
        passwords = [urlsplit(url).password for url in (self.store, self.broker, self.feed) if url]
        return secrets_of(self.catalogue) + [unquote(password) for password in passwords if password]

    @property
    def configuration(self) -> Configuration:
        return Configuration(self.catalogue, self.store, self.durability)


class ChildPlan(NamedTuple):
    plan: Plan
    name: str
    owner: str
    """Unique for each process ever started: the lease owner of a worker."""
    status_fd: int
    """Where the child says how it is, a line each time."""
    board_fd: int
    lifeline_fd: int = 0
    """Closed at the other end when the supervisor has ended; the child moves it out of the way of handlers."""


def to_line(plan: ChildPlan) -> bytes:
    return json.dumps(plan, default=asdict).encode() + b"\n"


def from_line(line: bytes) -> ChildPlan:
    import msgspec  # of which the supervisor should carry nothing

    return msgspec.json.decode(line, type=ChildPlan)
