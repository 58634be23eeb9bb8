"""What `data_processing` found or made."""

from typing import Any, Literal

from msgspec import Struct


class DataResult(Struct, tag_field="result"):
    pass


class Found(DataResult, tag="found"):
    """What a text is."""

    kind: Literal["empty", "text", "json", "json_lines", "csv", "tsv"]
    bytes: int
    characters: int
    lines: int
    words: int
    rows: int | None = None
    """Of a table."""
    columns: list[str] | None = None


class Column(Struct):
    name: str
    type: str
    """`text`, `integer`, `number`, `boolean`, `date`, `timestamp`, `json` (several kinds, nested), or the engine's."""


class Output(Struct):
    filename: str
    """Below its root."""
    bytes: int


class ResultTable(DataResult, tag="table"):
    columns: list[Column]
    rows: list[dict[str, Any]]
    """The first ones."""
    more: bool
    """Whether there are more rows than these."""
    row_count: int | None = None
    """Of the whole table; None where it was not counted."""
    output: Output | None = None
