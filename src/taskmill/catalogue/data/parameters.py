"""A table and what to do with it: the parameters, as people and forms see them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from taskmill.catalogue.files.paths import UPLOAD

MOST_STEPS = 20
MOST_ROWS = 1000
LONGEST_EXPRESSION = 1000

ColumnName = Annotated[str, Meta(min_length=1, max_length=200)]
FileName = Annotated[str, Meta(min_length=1, max_length=1000)]
Scalar = str | int | float | bool | None
Row = dict[ColumnName, Scalar]
Rows = Annotated[list[Row], Meta(max_length=100_000)]
TypeName = Literal["text", "integer", "number", "boolean", "date", "timestamp"]
Format = Literal["csv", "tsv", "json_lines", "json", "parquet"]
Encoding = Literal[
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "latin-1",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-7",
    "iso-8859-9",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "koi8-r",
    "mac-roman",
    "cp437",
    "cp850",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "big5",
]
FunctionName = Literal["count", "count_distinct", "sum", "avg", "min", "max", "median", "stddev"]

Columns = Annotated[list[ColumnName], Meta(min_length=1, max_length=100)]
DelimiterText = Annotated[str, Meta(min_length=1, max_length=1, pattern='^[^"\\r\\n]$')]
NullTexts = Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=20)]
Expression = Annotated[str, Meta(min_length=1, max_length=LONGEST_EXPRESSION)]


class TableFile(Struct, forbid_unknown_fields=True):
    """A table in a file below a root (setting file_roots)."""

    file: Annotated[
        FileName,
        Meta(title="File", description="Named from the root on.", examples=["sales.csv"], extra_json_schema=UPLOAD),
    ]
    format: Annotated[
        Format | None,
        Meta(title="Format", description="Unset: what the ending of its name says.", examples=["csv"]),
    ] = None
    types: Annotated[
        Annotated[dict[ColumnName, TypeName], Meta(max_length=10_000)] | None,
        Meta(
            title="Types",
            description="Of columns of a CSV, TSV or JSON file, by their names. Unset: found over the whole column.",
            examples=[{"postcode": "text"}],
        ),
    ] = None
    delimiter: Annotated[
        DelimiterText | None,
        Meta(
            title="Delimiter",
            description="Between the fields of a CSV file. Unset: the one of , ; | and tab that fits its first rows.",
            examples=[";"],
        ),
    ] = None
    encoding: Annotated[
        Encoding | None,
        Meta(
            title="Encoding",
            description="Of a CSV or TSV file. Unset: as the mark at its beginning says, else UTF-8.",
            examples=["latin-1"],
        ),
    ] = None
    nulls: Annotated[
        NullTexts | None,
        Meta(
            title="Nulls",
            description="Texts that mean no value in a CSV or TSV file, as an empty field does. Unset: none.",
            examples=[["NA", "null"]],
        ),
    ] = None


Data = str | Rows | TableFile


class Step(Struct, tag_field="do", forbid_unknown_fields=True):
    pass


class Filter(Step, tag="filter"):
    """Keep the rows for which a condition holds."""

    where: Annotated[
        Expression,
        Meta(
            title="Where",
            description="A condition on columns: + - * / % || = != < <= > >=, and, or, not, in, between, like, "
            "is null, and functions.",
            examples=["price > 5 and region in ('north', 'south')"],
        ),
    ]


class Derive(Step, tag="derive"):
    """Add a column, or replace one."""

    column: Annotated[ColumnName, Meta(title="Column", description="Its name.", examples=["total"])]
    expression: Annotated[
        Expression,
        Meta(title="Expression", description="What it holds in each row.", examples=["round(price * quantity, 2)"]),
    ]


class Select(Step, tag="select"):
    """Keep only some columns, in this order."""

    columns: Annotated[Columns, Meta(title="Columns", description="Their names.", examples=[["region", "total"]])]


class Aggregate(Struct, forbid_unknown_fields=True):
    """A figure for each group."""

    function: Annotated[FunctionName, Meta(title="SqlFunction", description="How it is computed.", examples=["sum"])]
    column: Annotated[
        ColumnName | None,
        Meta(title="Column", description="Of what; unset with `count`: of rows.", examples=["total"]),
    ] = None
    name: Annotated[
        ColumnName | None,
        Meta(title="Name", description="Of the new column; unset: like sum_total.", examples=["revenue"]),
    ] = None


class Group(Step, tag="group"):
    """One row for each group of rows that are equal in some columns; without columns, one for all."""

    by: Annotated[list[ColumnName], Meta(title="By", description="The columns.", examples=[["region"]], max_length=100)]
    aggregates: Annotated[
        list[Aggregate],
        Meta(
            title="Aggregates",
            description="What to compute for each group.",
            examples=[[{"function": "sum", "column": "total"}]],
            max_length=100,
        ),
    ]


class Order(Struct, forbid_unknown_fields=True):
    column: Annotated[ColumnName, Meta(title="Column", description="By which to sort.", examples=["total"])]
    descending: Annotated[bool, Meta(title="Descending", description="Largest first.", examples=[True])] = False


class Sort(Step, tag="sort"):
    """Sort the rows; empty values come last."""

    by: Annotated[
        list[Order],
        Meta(
            title="By",
            description="The first decides, then the next.",
            examples=[[{"column": "total", "descending": True}]],
            min_length=1,
            max_length=100,
        ),
    ]


class Join(Step, tag="join"):
    """Add the columns of another table where columns that both have are equal."""

    table: Annotated[
        Rows | TableFile,
        Meta(title="Table", description="A file or rows.", examples=[{"file": "customers.csv"}]),
    ]
    on: Annotated[Columns, Meta(title="On", description="Columns of both.", examples=[["customer_id"]])]
    how: Annotated[
        Literal["inner", "left", "full"],
        Meta(
            title="How",
            description="Rows without a partner: dropped (inner), kept if they are of the first table (left), or kept "
            "(full).",
            examples=["inner"],
        ),
    ] = "inner"


class Limit(Step, tag="limit"):
    """Keep only the first rows."""

    rows: Annotated[int, Meta(title="Rows", description="How many.", examples=[10], ge=1)]


Steps = Filter | Derive | Select | Group | Sort | Join | Limit
