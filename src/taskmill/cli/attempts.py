"""The attempts of a task as lines of text, each with its log."""

from collections.abc import Iterator

import msgspec

from taskmill.cli.outcome import error_of
from taskmill.cli.output import printable
from taskmill.core.times import iso
from taskmill.service.views import Attempts, AttemptView


class LogLine(msgspec.Struct):
    at: int = 0
    level: str = ""
    message: str = ""


def lines(attempts: Attempts) -> Iterator[str]:
    for attempt in attempts.attempts:
        worker = f" on {attempt.worker}" if attempt.worker else ""
        yield f"attempt {attempt.number}: {attempt.outcome}{worker}, ended {attempt.finished_at}"
        yield from (printable(f"  {line}") for line in log_lines(attempt))
        if attempt.error is not None:
            error = error_of(attempt.error)
            text = (error.traceback or str(error)).rstrip()
            yield from (printable(f"  {line}") for line in text.splitlines())


def log_lines(attempt: AttemptView) -> Iterator[str]:
    for line in _log(attempt):
        yield f"{iso(line.at)} {line.level} {line.message}"


def _log(attempt: AttemptView) -> list[LogLine]:
    try:
        return [] if attempt.log is None else msgspec.json.decode(attempt.log, type=list[LogLine])
    except msgspec.DecodeError:
        return []
