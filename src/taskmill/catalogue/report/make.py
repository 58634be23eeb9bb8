"""From what a report is about to its files."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime

from taskmill.catalogue.files.paths import locate
from taskmill.catalogue.files.safe_files import writing
from taskmill.catalogue.refusal import need
from taskmill.catalogue.report import MadeReport, Written, document, html, own_tasks, pdf
from taskmill.catalogue.report.charts import plain_text
from taskmill.catalogue.report.fonts import fonts_for
from taskmill.catalogue.report.parameters import OwnTasks, Subjects
from taskmill.executors.contract import Context

WRITERS = {"html": html.write, "pdf": pdf.write}


def make(ctx: Context, about: Subjects, title: str, output: str, formats: Sequence[str]) -> MadeReport:
    """All files appear together, at the end."""
    paths = {form: locate(f"{output}.{form}") for form in dict.fromkeys(formats)}
    need("jinja2", "reports")
    need("matplotlib", "reports")
    made, tasks = _document(ctx, about, title)
    fonts = fonts_for(made.text)
    notes = [note for note in (fonts.note, *(pdf.left_out(made) if "pdf" in paths else ())) if note]
    written = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(plain_text(fonts))
        for number, (form, rooted) in enumerate(paths.items(), 1):
            ctx.raise_if_cancelled()
            file = stack.enter_context(writing(rooted))
            WRITERS[form](made, file)
            written.append(Written(rooted.name, file.seek(0, 2)))
            ctx.progress(0.5 + 0.5 * number / len(paths), f"{form} written")
        ctx.raise_if_cancelled()
    for note in notes:
        ctx.log(note, "warning")
    return MadeReport(written, len(made.sections), tasks, notes)


def _document(ctx: Context, about: Subjects, title: str) -> tuple[document.Document, int | None]:
    if isinstance(about, OwnTasks):
        return own_tasks.read(ctx, about, title)
    return document.of_given(about, title, datetime.now(UTC)), None
