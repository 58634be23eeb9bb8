"""What the door of a face lets in, by the schema, a worker can decode, by the annotations: one set of rules."""

import enum
import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pydantic
import pytest

from taskmill import App, InvalidParameters
from taskmill.service.parameters import check
from taskmill.service.task_types import _compile


class Level(enum.IntEnum):
    ONE = 1


class Visit(pydantic.BaseModel):
    at: datetime
    day: date
    count: int = 0


@dataclass
class Item:
    price: Decimal
    count: int = 1


KINDS: list[Any] = [
    *(int, float, bool, str, int | None, list[int], dict[str, int], tuple[int, str], Literal[1, 2], Level, Any),
    *(datetime, date, time, timedelta, UUID, Decimal, datetime | None, list[time], dict[str, date]),
    *(Annotated[int, msgspec.Meta(ge=0, le=9)], Annotated[datetime, msgspec.Meta(tz=True)], Item, Visit, list[Item]),
]
VALUES: list[Any] = json.loads("""[
    0, 1, 2.0, 2.5, 1e15, 1e18, 1e19, 1e300, -1e300, 9223372036854775807, -0.0, true, null, [], [1, 2.0], [1, "a"], {},
    "", "2", "x", "2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05", "2026-02-30", "tomorrow", "03:04:05",
    "25:00", "PT1S", "P1DT2H", "1 day", "12345678-1234-5678-1234-567812345678", "12345678", "0.10", "1e5", "NaN", "1,5",
    {"a": 1.0}, {"a": "2026-13-01"}, ["03:04"], ["03:04:05"], {"price": "1"}, {"price": "one"},
    {"price": "1", "count": 3.0}, [{"price": "1", "count": 1e300}],
    {"at": "2026-01-02T03:04:05Z", "day": "2026-01-02", "count": 1.0}, {"at": "now", "day": "2026-01-02"},
    {"at": "2026-01-02T03:04:05Z", "day": "soon"}
]""")


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_passes_the_door_does_not_fail_in_a_worker(kind: Any) -> None:
    def take(value): ...  # type: ignore[no-untyped-def]

    take.__annotations__ = {"value": kind}
    task = App("memory://").task(take)
    known = _compile(task.row())
    passed = 0
    for value in VALUES:
        parameters = {"value": value}
        try:
            check(parameters, json.dumps(parameters).encode(), known.validator, known.names)
        except InvalidParameters:
            continue
        passed += 1
        task.decode(json.dumps(parameters))
    assert passed
