"""get, promote and purge."""

from collections.abc import Collection, Sequence
from typing import Any

from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import Promoted
from taskmill.stores.sqlite import codec
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import statement


def get(db: Database, ids: Sequence[str]) -> dict[str, Task]:
    found = codec.tasks(db.one(statement("get"), {"ids": codec.array(ids)}))
    return {task.spec.id: task for task in found}


def promote(db: Database, limit: int, now: int | None) -> Promoted:
    moment = microseconds() if now is None else now
    due = db.one(statement("next_due"))
    if due is None or due > moment or limit <= 0:
        return Promoted([], due)
    with db.durable:
        seqs, promotions = db.one(statement("pick_due"), {"now": moment, "limit": limit})
        db.execute(statement("promote"), {"seqs": seqs})
        due = db.one(statement("next_due"))
    return Promoted(codec.promotions(promotions), due)


def purge(db: Database, limit: int, states: Collection[State], before: int, ids: Collection[str] | None) -> int:
    values: dict[str, Any] = {"states": codec.array(states), "before": before, "limit": max(0, limit)}
    pick = statement("pick_finished" if ids is None else "pick_finished_by_id")
    if ids is not None:
        values["ids"] = codec.array(ids)
    if not db.one(pick, values)[2]:
        return 0
    with db.durable:
        seqs, gone, count = db.one(pick, values)
        db.execute(statement("purge_attempts"), {"ids": gone})
        db.execute(statement("purge"), {"seqs": seqs})
    return int(count)
