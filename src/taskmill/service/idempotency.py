"""The same Idempotency-Key must mean the same request."""

import json

from taskmill.core.errors import InvalidRequest
from taskmill.core.ids import derived
from taskmill.core.task import PRIORITIES, SECOND, Spec
from taskmill.service.admission import refuse, tags_json
from taskmill.service.limits import check_header
from taskmill.service.views import Draft


class IdempotencyMismatch(InvalidRequest):
    code = "idempotency_mismatch"


def id_for(key: str | None, index: int | None = None) -> str | None:
    """The id that a key stands for; in a batch, each position has its own."""
    if key is None:
        return None
    refuse(check_header("Idempotency-Key", key))
    return derived("idempotency", key) if index is None else derived("idempotency-batch", f"{index}\0{key}")


def check_same(draft: Draft, spec: Spec) -> None:
    """Raises IdempotencyMismatch. What the draft leaves to the task type is not compared: its defaults may change."""
    asked = [
        ("task_type", draft.task_type, spec.task_type),
        ("parameters", draft.parameters, json.loads(spec.parameters)),
        ("priority", spec.priority if draft.priority is None else PRIORITIES[draft.priority], spec.priority),
        ("key", draft.key, spec.key),
        ("tags", tags_json(draft), spec.tags),
        ("queue", draft.queue or spec.queue, spec.queue),
        ("retries", spec.attempt_limit if draft.retries is None else draft.retries + 1, spec.attempt_limit),
        ("timeout", spec.timeout if draft.timeout is None else round(draft.timeout * SECOND), spec.timeout),
    ]
    other = [name for name, now, before in asked if now != before]
    if other:
        raise IdempotencyMismatch(
            f"this Idempotency-Key came before with other content ({', '.join(other)})",
            hint="take a new key for a new task",
        )
