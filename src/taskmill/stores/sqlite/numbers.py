"""Numbers of tasks, and the names that are changed by them."""

import json
from collections.abc import Mapping, Sequence

from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import array, statement


def number(db: Database, id: str) -> int | None:
    with db.durable:
        db.execute(statement("number"), {"id": id})
    return numbers(db, [id]).get(id)


def numbers(db: Database, ids: Sequence[str]) -> dict[str, int]:
    return statements.numbers(db.one(statement("numbers"), {"ids": array(ids)}))


def numbered(db: Database, number: int) -> str | None:
    id: str | None = db.one(statement("numbered"), {"number": number})
    return id


def put_numbers(db: Database, numbers: Mapping[str, int]) -> None:
    with db.durable:
        db.execute(statement("put_numbers"), {"numbers": json.dumps(dict(numbers))})


def set_parameters(db: Database, id: str, version: int, parameters: str) -> bool:
    values = {"id": id, "version": version, "parameters": parameters}
    return db.durable.alone(statement("set_parameters"), values) > 0
