"""From what a report is about to its files."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime

from taskmill.catalogue.files.paths import locate
from taskmill.catalogue.files.safe_files import writing
from taskmill.catalogue.refusal import need
from taskmill.catalogue.report import MadeReport, Written, document, html, own_tasks, pdf
from taskmill.catalogue.report.parameters import OwnTasks, Subjects
from taskmill.executors.contract import Context

WRITERS = {"html": html.write, "pdf": pdf.write}


def make(ctx: Context, about: Subjects, title: str, output: str, formats: Sequence[str]) -> MadeReport:
    """All files appear together, at the end."""
    paths = {form: locate(f"{output}.{form}") for form in dict.fromkeys(formats)}
    need("jinja2", "reports")
    need("matplotlib", "reports")
    made, tasks = _document(ctx, about, title)
    written = []
    with contextlib.ExitStack() as stack:
        for number, (form, rooted) in enumerate(paths.items(), 1):
            ctx.raise_if_cancelled()
            file = stack.enter_context(writing(rooted))
            WRITERS[form](made, file)
            written.append(Written(rooted.name, file.seek(0, 2)))
            ctx.progress(0.5 + 0.5 * number / len(paths), f"{form} written")
        ctx.raise_if_cancelled()
    return MadeReport(written, len(made.sections), tasks)


def _document(ctx: Context, about: Subjects, title: str) -> tuple[document.Document, int | None]:
    if isinstance(about, OwnTasks):
        return own_tasks.read(ctx, about, title)
    return document.of_given(about, title, datetime.now(UTC)), None
