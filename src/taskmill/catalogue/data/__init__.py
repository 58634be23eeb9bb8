"""`data_processing`: a table from a file, rows or text; filtered, derived, grouped, sorted, joined."""

from typing import Annotated

from msgspec import Meta

from taskmill.catalogue.base import app
from taskmill.catalogue.data.parameters import MOST_ROWS, MOST_STEPS, Data, FileName, Steps
from taskmill.catalogue.data.results import Found, ResultTable
from taskmill.catalogue.refusal import NO_SECOND_TRY, need
from taskmill.executors.contract import Context

HOUR = 3600

Given = Annotated[
    Data,
    Meta(
        title="Data",
        description="A text (CSV, TSV, JSON, or any other), rows, or a file (CSV, TSV, JSON, JSON lines, Parquet).",
        examples=["your data", [{"region": "north", "price": 2.5}], {"file": "sales.csv"}],
    ),
]
Asked = Annotated[
    list[Steps],
    Meta(
        title="Steps",
        description="What to do with the table, one after the other.",
        examples=[[]],
        max_length=MOST_STEPS,
    ),
]
Output = Annotated[
    FileName | None,
    Meta(
        title="Output",
        description="A file below a root to write the whole table to: .csv, .tsv, .jsonl, .json or .parquet. One of "
        "that name is replaced. Unset: none.",
        examples=[None],
    ),
]
Rows = Annotated[
    int, Meta(title="Rows", description="How many rows the result shows.", examples=[100], ge=0, le=MOST_ROWS)
]


@app.task(queue="data", executor="processes", timeout=HOUR, retry=NO_SECOND_TRY)
def data_processing(
    ctx: Context,
    data: Given,
    steps: Asked = [],  # noqa: B006
    output: Output = None,
    rows: Rows = 100,
) -> Found | ResultTable:
    """Filter, derive, group, sort and join tables; or say what a text is.

    Files of any size go through a bounded memory. A text without steps and output is only looked at.
    """
    if isinstance(data, str) and not steps and output is None:
        from taskmill.catalogue.data.detect import find

        return find(data)
    need("duckdb", "data")
    from taskmill.catalogue.data.pipeline import process

    return process(ctx, data, steps, output, rows)
