"""The functions that an expression may call, and which kinds of values go together."""

from collections.abc import Sequence
from typing import NamedTuple

NUMBER_TEXT = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
DAY_TEXT = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


class SqlFunction(NamedTuple):
    takes: str
    """The kinds of its arguments; `any` and `alike` too."""
    least: int
    most: int
    kind: str = ""
    """Of its value; empty: of its arguments."""
    sql: str = ""
    """With {} for the arguments; empty: a call of the same name."""


FUNCTIONS = {
    "abs": SqlFunction("number", 1, 1),
    "round": SqlFunction("number", 1, 2),
    "floor": SqlFunction("number", 1, 1),
    "ceil": SqlFunction("number", 1, 1),
    "sqrt": SqlFunction("number", 1, 1, "number", "CASE WHEN {0} >= 0 THEN sqrt({0}) END"),
    "ln": SqlFunction("number", 1, 1, "number", "CASE WHEN {0} > 0 THEN ln({0}) END"),
    "lower": SqlFunction("text", 1, 1, "text"),
    "upper": SqlFunction("text", 1, 1, "text"),
    "trim": SqlFunction("text", 1, 1, "text"),
    "length": SqlFunction("text", 1, 1, "integer"),
    "contains": SqlFunction("text", 2, 2, "boolean"),
    "starts_with": SqlFunction("text", 2, 2, "boolean"),
    "ends_with": SqlFunction("text", 2, 2, "boolean"),
    "coalesce": SqlFunction("alike", 1, 20),
    "least": SqlFunction("alike", 1, 20),
    "greatest": SqlFunction("alike", 1, 20),
    "if": SqlFunction("if", 3, 3, "", "CASE WHEN {0} THEN {1} ELSE {2} END"),
    "year": SqlFunction("time", 1, 1, "integer"),
    "month": SqlFunction("time", 1, 1, "integer"),
    "day": SqlFunction("time", 1, 1, "integer"),
    "text": SqlFunction("any", 1, 1, "text", "CAST({0} AS VARCHAR)"),
    "number": SqlFunction(
        "any",
        1,
        1,
        "number",
        f"CASE WHEN regexp_full_match(CAST({{0}} AS VARCHAR), '{NUMBER_TEXT}') THEN TRY_CAST({{0}} AS DOUBLE) END",
    ),
    "date": SqlFunction("any", 1, 1, "date", "CASE WHEN {day} THEN TRY_CAST({0} AS DATE) END"),
    "timestamp": SqlFunction("any", 1, 1, "timestamp", "CASE WHEN {day} THEN TRY_CAST({0} AS TIMESTAMP) END"),
}
GROUPS = [{"integer", "number"}, {"text", "literal"}, {"date", "timestamp", "literal"}, {"zoned", "literal"}]
"""What may be compared with what."""


def comparable(one: str, other: str) -> bool:
    return one == other or "null" in (one, other) or any(one in group and other in group for group in GROUPS)


def common(kinds: Sequence[str]) -> str:
    """The kind of a value that is one of these."""
    found = [kind for kind in kinds if kind != "null"]
    plain = [kind for kind in found if kind != "literal"]
    if not plain:
        return "text" if found else "null"
    return "number" if "number" in plain else "timestamp" if "timestamp" in plain else plain[0]


NEEDED = {
    "number": {"number", "integer", "null"},
    "text": {"text", "literal", "null"},
    "boolean": {"boolean", "null"},
    "time": {"date", "timestamp", "zoned", "null"},
}
WORDS = {"number": "a number", "text": "a text", "boolean": "a condition", "time": "a date or timestamp"}
ADVICE = {
    "number": "; number({0}) makes one of it",
    "text": "; text({0}) makes one of it",
    "time": "; date({0}) makes one of it",
}
