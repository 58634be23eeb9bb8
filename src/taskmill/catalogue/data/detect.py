"""What a text is: JSON, JSON lines, CSV, TSV, or words."""

import csv
import io
from typing import Any

import msgspec

from taskmill.catalogue.data.results import Found

SAMPLE_COLUMNS = 1000


def find(text: str) -> Found:
    found = Found("empty", len(text.encode()), len(text), len(text.splitlines()), len(text.split()))
    if text.strip():
        found.kind, found.rows, found.columns = (
            _json(text) or _json_lines(text) or _separated(text) or ("text", None, None)
        )
    return found


Table = tuple[Any, int | None, list[str] | None]
"""Kind, rows, columns."""


def _json(text: str) -> Table | None:
    if text.lstrip()[0] not in "[{":
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "json", len(value), _columns(value)
    return "json", None, None


def _json_lines(text: str) -> Table | None:
    try:
        rows = [msgspec.json.decode(line, type=dict[str, Any]) for line in text.splitlines() if line.strip()]
    except (msgspec.DecodeError, RecursionError):
        return None
    return "json_lines", len(rows), _columns(rows)


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list({name: None for row in rows for name in row})[:SAMPLE_COLUMNS]


def _separated(text: str) -> Table | None:
    """At least two lines with as many fields as the first, and at least two of them."""
    first = text.splitlines()[0]
    for kind, delimiters in (("tsv", "\t"), ("csv", ",;|")):
        delimiter = max(delimiters, key=first.count)
        if first.count(delimiter) and (table := _read(text, delimiter)):
            return kind, len(table) - 1, table[0][:SAMPLE_COLUMNS]
    return None


def _read(text: str, delimiter: str) -> list[list[str]] | None:
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return None
    return rows if len(rows) > 1 and all(len(row) == len(rows[0]) for row in rows) else None
