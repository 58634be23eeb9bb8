"""A report as one HTML page that needs nothing else. All that was given is escaped."""

import base64
from importlib.resources import files
from typing import BinaryIO

from taskmill.catalogue.report import charts
from taskmill.catalogue.report.document import Document, ReportChart, shown


def write(document: Document, made: BinaryIO) -> None:
    from jinja2 import Environment, StrictUndefined

    source = files(__package__).joinpath("report.html.jinja").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(source)
    made.write(page.render(document=document, shown=shown, picture=_picture).encode("utf-8", "replace"))


def _picture(chart: ReportChart) -> str:
    return base64.b64encode(charts.png(chart)).decode()
