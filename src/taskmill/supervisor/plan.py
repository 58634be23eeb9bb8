"""What to run, in a form that fits on a child's command line."""

from typing import NamedTuple, TypeVar

import msgspec

from taskmill.engine.settings import WorkerSettings
from taskmill.sdk.connection import Durability

T = TypeVar("T")


class ServerPlan(NamedTuple):
    host: str
    port: int
    cors: tuple[str, ...] = ()


class Plan(NamedTuple):
    store: str
    durability: Durability
    app: str | None
    """`module:attribute`; None serves the task types that ship with Taskmill."""
    workers: int
    settings: WorkerSettings
    server: ServerPlan | None = None
    log_level: str = "warning"


class ChildPlan(NamedTuple):
    plan: Plan
    name: str
    owner: str
    """Unique for each process ever started: the lease owner of a worker."""
    status_fd: int
    """Where the child says that it is ready."""
    board_fd: int


def to_text(plan: ChildPlan) -> str:
    return msgspec.json.encode(plan).decode()


def from_text(text: str) -> ChildPlan:
    return msgspec.json.decode(text, type=ChildPlan)
