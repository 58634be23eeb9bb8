"""What a report is about: the parameters, as people and forms see them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

MOST_ROWS = 5_000
YEAR = 24 * 366

Short = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Cell = Annotated[str, Meta(max_length=2_000)] | int | float | bool | None


class About(Struct, tag_field="kind", forbid_unknown_fields=True):
    pass


class OwnTasks(About, tag="tasks"):
    """What Taskmill ran: how many tasks, how long they took, which failed."""

    hours: Annotated[
        int, Meta(title="Hours", description="Tasks created in so many hours before now.", examples=[24], ge=1, le=YEAR)
    ] = 24
    queues: Annotated[
        list[Name],
        Meta(title="Queues", description="Only of these; empty: of all.", examples=[["default"]], max_length=100),
    ] = []
    task_types: Annotated[
        list[Name],
        Meta(title="Task types", description="Only of these; empty: of all.", examples=[["math"]], max_length=100),
    ] = []


class Chart(Struct, forbid_unknown_fields=True):
    """A picture of columns of the table."""

    kind: Annotated[Literal["bar", "line"], Meta(title="Kind", description="Bars or lines.", examples=["bar"])]
    x: Annotated[Short, Meta(title="X", description="The column along the bottom.", examples=["region"])]
    y: Annotated[
        list[Short],
        Meta(title="Y", description="Columns of numbers.", examples=[["revenue"]], min_length=1, max_length=8),
    ]


class Section(Struct, forbid_unknown_fields=True):
    """A heading with words, a table and a chart, as far as they are given."""

    heading: Annotated[Short, Meta(title="Heading", description="Above it.", examples=["Revenue"])]
    text: Annotated[str, Meta(title="Text", description="Plain words.", examples=["By region."], max_length=20_000)] = (
        ""
    )
    rows: Annotated[
        list[dict[Short, Cell]],
        Meta(
            title="Rows",
            description="Of the table; the first one has all columns.",
            examples=[[{"region": "north", "revenue": 16.0}]],
            max_length=MOST_ROWS,
        ),
    ] = []
    chart: Annotated[
        Chart | None,
        Meta(title="Chart", description="Unset: none.", examples=[{"kind": "bar", "x": "region", "y": ["revenue"]}]),
    ] = None


class Given(About, tag="data"):
    """Data of your own."""

    sections: Annotated[
        list[Section],
        Meta(
            title="Sections",
            description="What the report consists of.",
            examples=[[{"heading": "Revenue", "rows": [{"region": "north", "revenue": 16.0}]}]],
            min_length=1,
            max_length=50,
        ),
    ]


Subjects = OwnTasks | Given
