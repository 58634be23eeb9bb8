"""The columns of a table while steps work on it: how each is typed, and how it is written."""

from typing import NamedTuple

from taskmill.catalogue.data.expressions import literal

INTEGERS = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}
WIDE_INTEGERS = {"HUGEINT", "UHUGEINT"}
FLOATS = {"DOUBLE", "FLOAT"}
TIMESTAMPS = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
ZONED = {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}


class TableColumn(NamedTuple):
    name: str
    id: str
    """In SQL."""
    type: str
    """The engine's name for it."""
    text: str | None = None
    """The column with the texts that were read, where the typed ones would be written otherwise."""
    json: str | None = None
    """Likewise, of JSON."""

    @property
    def kind(self) -> str:
        """What it can be compared and computed with."""
        return kind_of(self.type)

    @property
    def shown(self) -> str:
        """The type, for people."""
        if self.type == "VARCHAR" and self.json:
            return "json"
        return "timestamp" if self.kind == "zoned" else self.kind

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(id for id in (self.id, self.text, self.json) if id))


def kind_of(type: str) -> str:
    if type in INTEGERS:
        return "integer"
    if type in FLOATS or type.startswith("DECIMAL"):
        return "number"
    if type in TIMESTAMPS:
        return "timestamp"
    if type in ZONED:
        return "zoned"
    return {"VARCHAR": "text", "BOOLEAN": "boolean", "DATE": "date"}.get(type, type)


def is_nested(type: str) -> bool:
    return type.endswith("]") or type.startswith(("STRUCT(", "MAP(", "UNION(")) or type == "VARIANT"


def text_of(column: TableColumn) -> str:
    """SQL of the text that a CSV file has of it."""
    if column.text:
        return column.text
    if column.type == "VARCHAR":
        return column.id
    if column.type == "BLOB":
        return f"lower(hex({column.id}))"
    if is_nested(column.type):
        return f"CAST(to_json({column.id}) AS VARCHAR)"
    text = f"CAST({column.id} AS VARCHAR)"
    if column.type.startswith("DECIMAL"):
        return f"regexp_replace({text}, '^(-?)\\.', '\\10.')"
    if column.kind == "timestamp":
        return f"replace({text}, ' ', 'T')"
    if column.kind == "zoned":
        return f"regexp_replace(replace({text}, ' ', 'T'), '\\+00$', 'Z')"
    return text


def json_of(column: TableColumn) -> str:
    """SQL of its JSON: each digit of a number; a text for what JSON has no form for."""
    if column.json:
        found = column.json
    elif column.type in FLOATS:
        found = (
            f"CASE WHEN isfinite({column.id}) THEN CAST({column.id} AS VARCHAR) WHEN isnan({column.id}) THEN '\"NaN\"' "
            f"WHEN {column.id} > 0 THEN '\"Infinity\"' WHEN {column.id} < 0 THEN '\"-Infinity\"' END"
        )
    elif column.kind in ("integer", "number", "boolean"):
        found = text_of(column._replace(text=None))
    elif is_nested(column.type):
        found = text_of(column)
    else:
        found = f"CAST(to_json({text_of(column)}) AS VARCHAR)"
    return f"coalesce({found}, 'null')"


def row_of_json(columns: list[TableColumn]) -> str:
    """SQL of a row as a JSON object."""
    parts = [f"CAST(to_json({literal(column.name)}) AS VARCHAR) || ': ' || {json_of(column)}" for column in columns]
    return "'{' || concat_ws(', ', " + ", ".join(parts) + ") || '}'"
