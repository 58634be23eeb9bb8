"""What a text is: JSON, JSON lines, CSV, TSV, or words."""

import io
import json
from typing import Any

from taskmill.catalogue.data.lines import BoundedFile
from taskmill.catalogue.data.results import Found
from taskmill.catalogue.data.separated import SeparatedFile
from taskmill.catalogue.refusal import Refusal

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
        value = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "json", len(value), _columns(value)
    return "json", None, None


def _json_lines(text: str) -> Table | None:
    try:
        rows = [json.loads(line, parse_int=str, parse_float=str) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        return None
    return ("json_lines", len(rows), _columns(rows)) if all(isinstance(row, dict) for row in rows) else None


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list({name: None for row in rows for name in row})[:SAMPLE_COLUMNS]


def _separated(text: str) -> Table | None:
    """At least two lines with as many fields as the first, and at least two of them."""
    file = io.BytesIO(text.encode())
    try:
        found = SeparatedFile("the data", file, None, None)
        rows = sum(map(len, found.batches(BoundedFile("the data", file))))
    except Refusal:
        return None
    kind = "tsv" if found.delimiter == "\t" else "csv"
    return (kind, rows, found.names[:SAMPLE_COLUMNS]) if rows and len(found.names) > 1 else None
