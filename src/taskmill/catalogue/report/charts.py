"""Charts, by Matplotlib, without a screen. What they are labelled with is text, never markup."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from taskmill.catalogue.report.document import ReportChart
from taskmill.catalogue.report.fonts import Fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#2563eb", "#dc2626", "#94a3b8", "#16a34a", "#d97706", "#7c3aed", "#0891b2", "#be185d")
INK = "#334155"
MOST_LABELS = 12
LABEL = 24
MOST_BARS = 500
"""More are drawn as lines, which takes a hundredth of the time."""


@contextlib.contextmanager
def plain_text(fonts: Fonts) -> Iterator[None]:
    """Dollar signs are no formulas here; a character that no font has is a box and no warning."""
    from matplotlib import rc_context

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # of weights that a font does not have
    embedded = 3 if fonts.outlines else 42
    with (
        rc_context({"text.parse_math": False, "font.family": fonts.families, "pdf.fonttype": embedded}),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", UserWarning)
        yield


def png(chart: ReportChart) -> bytes:
    """A picture for HTML; within `plain_text`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot(), chart)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def draw(axes: "Axes", chart: ReportChart) -> None:
    places = range(len(chart.x))
    if chart.kind == "bar":
        _bars(axes, chart)
    else:
        for color, (name, values) in zip(COLORS, chart.series.items(), strict=False):
            axes.plot(places, values, color=color, label=name, linewidth=1.6)
    _label(axes, chart)


def _bars(axes: "Axes", chart: ReportChart) -> None:
    width = 0.8 / len(chart.series)
    for number, (color, (name, values)) in enumerate(zip(COLORS, chart.series.items(), strict=False)):
        places = [at + (number - (len(chart.series) - 1) / 2) * width for at in range(len(values))]
        if len(values) * len(chart.series) <= MOST_BARS:
            axes.bar(places, values, width, color=color, label=name)
        else:
            axes.vlines(places, 0, values, color=color, label=name, linewidth=0.5)


def _label(axes: "Axes", chart: ReportChart) -> None:
    step = -(-len(chart.x) // MOST_LABELS) or 1
    places = range(0, len(chart.x), step)
    long = max((len(chart.x[at]) for at in places), default=0) > 8
    axes.set_xticks(
        list(places), [_cut(chart.x[at]) for at in places], rotation=30 if long else 0, ha="right" if long else "center"
    )
    axes.set_ylabel(chart.unit, color=INK)
    axes.tick_params(colors=INK, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, fontsize=8)


def _cut(text: str) -> str:
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"
