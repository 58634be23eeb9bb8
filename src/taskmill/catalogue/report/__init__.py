"""`report`: tables and charts, as HTML and PDF, of Taskmill's own tasks or of given data."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import NO_SECOND_TRY
from taskmill.catalogue.report.parameters import OwnTasks, Short, Subjects
from taskmill.executors.contract import Context

QUARTER = 900

Subject = Annotated[
    Subjects,
    Meta(
        title="About",
        description="Taskmill's own tasks, or data of yours.",
        examples=[
            {"kind": "tasks", "hours": 24},
            {
                "kind": "data",
                "sections": [
                    {
                        "heading": "Revenue",
                        "rows": [{"region": "north", "revenue": 16.0}, {"region": "south", "revenue": 10.0}],
                        "chart": {"kind": "bar", "x": "region", "y": ["revenue"]},
                    }
                ],
            },
        ],
    ),
]
Title = Annotated[Short, Meta(title="Title", description="Above the report.", examples=["Report"])]
Output = Annotated[
    Annotated[str, Meta(min_length=1, max_length=1000)] | None,
    Meta(
        title="Output",
        description="Name below a root, without an ending, in a folder that exists; files of that name are replaced. "
        "Unset: report- and the task's id.",
        examples=[None],
    ),
]
Formats = Annotated[
    list[Literal["html", "pdf"]],
    Meta(title="Formats", description="What to write.", examples=[["html", "pdf"]], min_length=1, max_length=2),
]


class Written(Struct):
    filename: str
    """Below its root."""
    bytes: int


class MadeReport(Struct):
    files: list[Written]
    sections: int
    tasks: int | None = None
    """How many it is about, where it is about tasks."""
    notes: list[str] = []
    """What the files do not show as it was given."""


@app.task(queue="reports", executor="processes", timeout=QUARTER, retry=NO_SECOND_TRY)
def report(
    ctx: Context,
    about: Subject = OwnTasks(),  # noqa: B008
    title: Title = "Report",
    output: Output = None,
    formats: Formats = ["html", "pdf"],  # noqa: B006
) -> MadeReport:
    """Write a report with tables and charts: of Taskmill's own tasks, or of given data."""
    from taskmill.catalogue.report.make import make

    return make(ctx, about, title, output or f"report-{ctx.task.id}", formats)
