"""What DuckDB gives, as JSON can hold it."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from taskmill.catalogue.data.results import Column

NAMES = {
    "VARCHAR": "text",
    "JSON": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "DOUBLE": "number",
    "FLOAT": "number",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "TINYINT": "integer",
    "HUGEINT": "integer",
    "UBIGINT": "integer",
    "UINTEGER": "integer",
}
INT64 = range(-(2**63), 2**63)
LARGEST_TABLE = 2**20
"""Bytes of JSON that rows may take in a result."""


def column(name: str, kind: str) -> Column:
    return Column(name, "number" if kind.startswith("DECIMAL") else NAMES.get(kind, kind))


def fitting(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first rows, as many as a result has room for."""
    room = LARGEST_TABLE
    for number, row in enumerate(rows):
        room -= len(msgspec.json.encode(row))
        if room < 0:
            return rows[:number]
    return rows


def plain(value: Any) -> Any:
    """Integers beyond 64 bits become text; numbers that are none become null."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if value in INT64 else str(value)
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return plain(float(value))
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes():
            return value.hex()
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return str(value)
