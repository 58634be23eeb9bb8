"""Who asks, and what they may do."""

from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    READ = "read"
    """See tasks, queues, workers, task types, without what is in the tasks."""
    PAYLOADS = "payloads"
    """See what is in them: parameters, results, progress notes, messages of errors, logs."""
    SUBMIT = "submit"
    """Make tasks."""
    OPERATE = "operate"
    """Cancel, retry, delete, pause."""
    WORK = "work"
    """Run tasks."""
    ADMIN = "admin"
    """Users, tokens, sessions, the audit."""


class Role(StrEnum):
    """Of a user. Whether payloads are shown is a switch beside it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


_OF_ROLES = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.OPERATOR: frozenset({Scope.READ, Scope.SUBMIT, Scope.OPERATE}),
    Role.ADMIN: frozenset({Scope.READ, Scope.SUBMIT, Scope.OPERATE, Scope.ADMIN}),
}


def scopes_of(role: Role, *, payloads: bool) -> frozenset[Scope]:
    return _OF_ROLES[role] | ({Scope.PAYLOADS} if payloads else frozenset())


class Principal(NamedTuple):
    """A person or a program."""

    name: str
    """With its kind: user:ada, token:ci, local."""
    scopes: frozenset[Scope]
    queues: frozenset[str] | None = None
    """None: all."""
    task_types: frozenset[str] | None = None
    """None: all."""

    @property
    def is_limited(self) -> bool:
        return self.queues is not None or self.task_types is not None

    def reaches(self, queue: str, task_type: str) -> bool:
        """Whether a task there is one of those it may have to do with."""
        return self.has_queue(queue) and (self.task_types is None or task_type in self.task_types)

    def has_queue(self, queue: str) -> bool:
        return self.queues is None or queue in self.queues


LOCAL = Principal("local", frozenset(Scope))
"""Where there is no login: whoever reaches this machine from itself."""
