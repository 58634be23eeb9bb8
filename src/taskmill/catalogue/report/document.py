"""A report before it is HTML or PDF."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.report.parameters import Given
from taskmill.catalogue.report.parameters import Section as GivenSection

LARGEST = 1e100
"""Of a chart's numbers: axes have room around them."""


class ReportTable(NamedTuple):
    columns: list[str]
    rows: list[list[Any]]


class ReportChart(NamedTuple):
    kind: str
    """`bar` or `line`."""
    x: list[str]
    series: dict[str, list[float]]
    """Numbers by name; as many as there are of x."""
    unit: str = ""


class ReportSection(NamedTuple):
    heading: str
    text: str = ""
    table: ReportTable | None = None
    chart: ReportChart | None = None


class Document(NamedTuple):
    title: str
    subtitle: str
    figures: list[tuple[str, str]]
    """The few numbers that matter most: what it is, and how much."""
    sections: list[ReportSection]

    @property
    def text(self) -> str:
        """All that is drawn with fonts."""
        parts = [self.title, self.subtitle, *(part for figure in self.figures for part in figure)]
        for heading, text, table, chart in self.sections:
            parts += [heading, text]
            if table:
                parts += [*table.columns, *(shown(cell) for row in table.rows for cell in row)]
            if chart:
                parts += [*chart.x, *chart.series, chart.unit]
        return "".join(parts)


def of_given(given: Given, title: str, now: datetime) -> Document:
    """Raises Refusal for a chart of columns that are not there, or hold no numbers."""
    return Document(title, f"Made {moment(now)}", [], [_section(section) for section in given.sections])


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def shown(value: Any) -> str:
    """A cell as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 0.01 or value == 0 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _section(given: GivenSection) -> ReportSection:
    if given.chart and not given.rows:
        raise Refusal(f"section '{given.heading}': a chart needs rows")
    columns = list(given.rows[0]) if given.rows else []
    for number, row in enumerate(given.rows, 1):
        if strange := [name for name in row if name not in columns]:
            raise Refusal(f"section '{given.heading}': row {number} has a column {strange[0]!r} that the first lacks")
    table = ReportTable(columns, [[row.get(name) for name in columns] for row in given.rows]) if columns else None
    return ReportSection(given.heading, given.text, table, _chart(given, columns))


def _chart(given: GivenSection, columns: Sequence[str]) -> ReportChart | None:
    if given.chart is None:
        return None
    for name in (given.chart.x, *given.chart.y):
        if name not in columns:
            raise Refusal(f"section '{given.heading}': there is no column {name!r}; there are {', '.join(columns)}")
    series = {name: [_number(given, row.get(name), name) for row in given.rows] for name in given.chart.y}
    return ReportChart(given.chart.kind, [shown(row.get(given.chart.x)) for row in given.rows], series)


def _number(given: GivenSection, value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(f"section '{given.heading}': column {name!r} holds {value!r}, which a chart cannot show")
    if not abs(value) <= LARGEST:  # nor is NaN
        raise Refusal(f"section '{given.heading}': column {name!r} holds a number beyond ±{LARGEST:g}, or none")
    return float(value)
