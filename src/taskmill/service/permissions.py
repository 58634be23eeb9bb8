"""The one table of who may do what: a method of the service → the scopes of which one is needed.

What has no row is refused, whoever asks. Parts of the service have their name before that of the method.
"""

from typing import Literal, NamedTuple

from taskmill.core.access import Scope

Reach = Literal["task", "filter", "events", "draft", "batch", "queue", "number", "beginning", "listed", "open", "whole"]
"""What a principal that is limited to queues and task types may reach by the method: narrowing.py."""


class Permission(NamedTuple):
    scopes: frozenset[Scope]
    reach: Reach
    changes: bool = False
    """It is a line of the audit."""


def _reading(reach: Reach, *more: Scope) -> Permission:
    return Permission(frozenset({Scope.READ, *more}), reach)


def _submitting(reach: Reach) -> Permission:
    return Permission(frozenset({Scope.SUBMIT}), reach, changes=True)


def _operating(reach: Reach) -> Permission:
    return Permission(frozenset({Scope.OPERATE}), reach, changes=True)


def _administering(*, changes: bool = True) -> Permission:
    return Permission(frozenset({Scope.ADMIN}), "whole", changes)


PERMISSIONS: dict[str, Permission] = {
    "create": _submitting("draft"),
    "create_batch": _submitting("batch"),
    "whole_id": _reading("beginning"),
    "get": _reading("task"),
    "tasks": _reading("filter"),
    "status": _reading("task"),
    "why_not_started": _reading("task"),
    "wait": _reading("task"),
    "result": _reading("task"),
    "attempts": _reading("task"),
    "cancel": _operating("task"),
    "retry": _operating("task"),
    "delete": _operating("task"),
    "cancel_matching": _operating("filter"),
    "retry_matching": _operating("filter"),
    "delete_matching": _operating("filter"),
    "task_stream": _reading("task"),
    "filtered_stream": _reading("events"),
    "queues": _reading("listed"),
    "pause": _operating("queue"),
    "resume": _operating("queue"),
    "workers": _reading("open"),
    "task_types": _reading("listed", Scope.SUBMIT),
    "task_type": _reading("listed", Scope.SUBMIT),
    "stats": _reading("whole"),
    "numbered.id": _reading("number"),
    "numbered.number": _reading("task"),
    "numbered.give_number": Permission(frozenset({Scope.SUBMIT}), "task"),
    "numbered.rename": _operating("task"),
    "numbered.delete": _operating("task"),
    "uploads.take_in": _submitting("open"),
    "uploads.newest": _reading("whole", Scope.SUBMIT),
    "uploads.delete": _operating("whole"),
    "accounts.users": _administering(changes=False),
    "accounts.add_user": _administering(),
    "accounts.change_user": _administering(),
    "accounts.drop_user": _administering(),
    "accounts.tokens": _administering(changes=False),
    "accounts.create_token": _administering(),
    "accounts.revoke_token": _administering(),
    "accounts.sessions": _administering(changes=False),
    "accounts.end_session": _administering(),
    "audit.lines": _administering(changes=False),
    "audit.verify": _administering(changes=False),
}
PLAIN = frozenset({"limits", "streams", "aside", "readiness"})
"""For everybody: no task is seen by them."""
PARTS = frozenset({"numbered", "uploads", "accounts", "audit"})
