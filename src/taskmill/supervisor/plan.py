"""What to run, in a form that fits on a child's command line."""

import json
from dataclasses import asdict
from typing import NamedTuple

from taskmill.engine.settings import WorkerSettings
from taskmill.stores.contract import Durability

CANNOT_START = 78
"""A child's exit code (EX_CONFIG of sysexits.h) when starting it again cannot help."""
STORE_AWAY = 75
"""A child's exit code (EX_TEMPFAIL) when it could not reach the store: it is tried again."""


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
    return json.dumps(plan, default=asdict)


def from_text(text: str) -> ChildPlan:
    import msgspec  # of which the supervisor should carry nothing

    return msgspec.json.decode(text, type=ChildPlan)
