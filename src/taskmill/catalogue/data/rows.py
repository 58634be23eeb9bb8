"""Rows as a result holds them."""

import json
import math
from decimal import Decimal
from typing import Any

import msgspec

INT64 = range(-(2**63), 2**63)
LARGEST_TABLE = 2**20
"""Bytes of JSON that rows may take in a result."""


def row_of(text: str) -> dict[str, Any]:
    """From JSON. A number that 64 bits don't hold digit by digit becomes a text."""
    row: dict[str, Any] = json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=str)
    return row


def _integer(text: str) -> int | str:
    return int(text) if len(text) < 20 and int(text) in INT64 else text


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) and Decimal(repr(value)) == Decimal(text) else text


def fitting(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first rows, as many as a result has room for."""
    room = LARGEST_TABLE
    for number, row in enumerate(rows):
        room -= len(msgspec.json.encode(row))
        if room < 0:
            return rows[:number]
    return rows
