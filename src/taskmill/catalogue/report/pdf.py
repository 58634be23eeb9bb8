"""A report as a PDF of A4 pages: first what matters most, then each chart, and tables in parts."""

import textwrap
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, BinaryIO

from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.report import charts
from taskmill.catalogue.report.document import Document, ReportSection, ReportTable, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

A4 = (8.27, 11.69)
ROWS = 38
"""Of a table on one page."""
MOST_ROWS = 380
"""Of a table in all: who needs more has the HTML."""
COLUMNS = 8
"""Of a table on one page."""
MOST_PAGES = 600
"""Of tables in all: each takes a third of a second."""
CELLS = 110
"""Characters of a row on a page."""
LINES = 26
"""Of text on a page."""
CHART = 0.3
"""Height of a chart, as a part of the page."""
INK, GREY = "#1e293b", "#64748b"


def write(document: Document, made: BinaryIO) -> None:
    from matplotlib.backends.backend_pdf import PdfPages

    with PdfPages(made, metadata={"Title": document.title}) as pages:
        for page in _pages(_without_marks(document)):
            pages.savefig(page)


def _without_marks(value: Any) -> Any:
    """Without the mark that some files begin with: Matplotlib 3.11 can't lay it out (`track_glyph`)."""
    if isinstance(value, str):
        return value.replace("\ufeff", "")
    if isinstance(value, tuple):
        return (
            type(value)(*map(_without_marks, value)) if hasattr(value, "_fields") else tuple(map(_without_marks, value))
        )
    if isinstance(value, list):
        return [_without_marks(one) for one in value]
    if isinstance(value, dict):
        return {_without_marks(name): _without_marks(one) for name, one in value.items()}
    return value


def left_out(document: Document) -> Iterator[str]:
    """What the PDF does not show of its tables. Raises Refusal when they would take too many pages."""
    tables = [(section.heading, section.table) for section in document.sections if section.table]
    count = sum(-(-min(len(table.rows), MOST_ROWS) // ROWS) * -(-len(table.columns) // COLUMNS) for _, table in tables)
    if count > MOST_PAGES:
        raise Refusal(f"the tables take {count:,} pages of a PDF; at most {MOST_PAGES} are made: ask for html alone")
    for heading, table in tables:
        if len(table.rows) > MOST_ROWS:
            yield f"the PDF has the first {MOST_ROWS} of {len(table.rows):,} rows of '{heading}'; the HTML has them all"


def _pages(document: Document) -> Iterator["Figure"]:
    yield _front(document)
    for section in document.sections:
        lines = [line for text in section.text.splitlines() for line in textwrap.wrap(text, 95) or [""]]
        note = "" if section.chart or len(lines) != 1 else lines[0]
        if section.chart or (lines and not (note and section.table)):
            yield _section(section, lines[:LINES])
        for at in range(LINES, len(lines), LINES):
            yield _section(section._replace(chart=None), lines[at : at + LINES])
        if section.table:
            yield from _tables(section.heading, note, section.table)


def _front(document: Document) -> "Figure":
    page = _page(document.title)
    for line, text in enumerate(textwrap.wrap(document.subtitle, 90)[:4]):
        page.text(0.08, 0.905 - line * 0.02, text, color=GREY, fontsize=10)
    for number, (name, value) in enumerate(document.figures):
        at = 0.79 - number * 0.06
        page.text(0.08, at, value, color=INK, fontsize=22)
        page.text(0.45, at, name, color=GREY, fontsize=12)
    if not document.figures:
        for number, section in enumerate(document.sections):
            page.text(0.08, 0.82 - number * 0.016, section.heading[:90], color=INK, fontsize=9)
    return page


def _section(section: ReportSection, lines: list[str]) -> "Figure":
    page = _page(section.heading)
    for number, line in enumerate(lines):
        page.text(0.08, 0.91 - number * 0.018, line, color=INK, fontsize=9)
    if section.chart:
        charts.draw(page.add_axes((0.1, 0.87 - CHART - 0.018 * len(lines), 0.82, CHART)), section.chart)
    return page


def _tables(heading: str, note: str, table: ReportTable) -> Iterator["Figure"]:
    parts = range(0, len(table.columns), COLUMNS)
    for at, left in product(range(0, min(len(table.rows), MOST_ROWS), ROWS), parts):
        columns, rows = table.columns[left : left + COLUMNS], table.rows[at : at + ROWS]
        page = _page(heading)
        page.text(0.08, 0.92, note, color=GREY, fontsize=9)
        _table(page, columns, [[shown(cell) for cell in row[left : left + COLUMNS]] for row in rows])
        where = f"rows {at + 1:,} to {at + len(rows):,} of {len(table.rows):,}"
        if len(parts) > 1:
            where += f", columns {left + 1:,} to {left + len(columns):,} of {len(table.columns):,}"
        page.text(0.08, 0.04, where, color=GREY, fontsize=8)
        yield page


def _table(page: "Figure", columns: list[str], texts: list[list[str]]) -> None:
    widths = _widths(columns, texts)
    axes = page.add_axes((0.06, 0.06, 0.88, 0.86))
    axes.axis("off")
    cut = [[_cut(text, width) for text, width in zip(row, widths, strict=True)] for row in [columns, *texts]]
    drawn = axes.table(
        cut[1:],
        colLabels=cut[0],
        colWidths=[width / sum(widths) for width in widths],
        cellLoc="left",
        loc="upper left",
        edges="horizontal",
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(7)
    drawn.scale(1, 1.35)


def _widths(columns: list[str], texts: list[list[str]]) -> list[int]:
    """Characters for each column: what it needs, or its share of the page."""
    needed = [max(len(text) for text in column) + 2 for column in zip(columns, *texts, strict=True)]
    room, widths = CELLS, [0] * len(needed)
    for left, at in zip(range(len(needed), 0, -1), sorted(range(len(needed)), key=needed.__getitem__), strict=True):
        widths[at] = max(3, min(needed[at], room // left))
        room -= widths[at]
    return widths


def _cut(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) < width else f"{flat[: max(1, width - 2)]}…"


def _page(heading: str) -> "Figure":
    from matplotlib.figure import Figure

    page = Figure(figsize=A4)
    page.text(0.08, 0.94, _cut(heading, 60), color=INK, fontsize=16, weight="bold")
    return page
