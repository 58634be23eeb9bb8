"""What a child process writes to standard error: its log, and in it what handlers print."""

import logging
import os
import re
import sys

from taskmill.core.standard_error import ERROR_FD, survive_readers, write
from taskmill.engine.worker.logs import Lines, is_chatter
from taskmill.engine.worker.printed import Printed
from taskmill.engine.worker.withheld import masked
from taskmill.executors.contract import running

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class LineFormatter(logging.Formatter):
    """Each record a line that names its process; further lines of one are indented, so none of them looks like another
    record."""

    def __init__(self, process: str) -> None:
        super().__init__(f"{process}[%(process)d] %(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, Lines):
            before = self._prefix(record)
            return "\n".join(before + message for message in record.msg.messages)
        text = masked(super().format(record)).replace("\n", "\n  ")
        return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        context = running.get()
        if context is not None and not record.name.startswith("taskmill.worker"):
            record.message = f"task {context.task.id}: {record.message}"
        return super().formatMessage(record)

    def printed(self, stream: str) -> str:
        return self._prefix(logging.LogRecord(stream, logging.INFO, "", 0, "", None, None))

    def _prefix(self, record: logging.LogRecord) -> str:
        record.message, record.asctime = "", self.formatTime(record)
        return super().formatMessage(record)


class LineHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            write(self.format(record) + "\n")
        except Exception:  # such as arguments that do not fit the message
            self.handleError(record)


def configure_output(process: str, level: str) -> None:
    """The log and the standard streams of this process, `process` being named in each line.

    The root logger gets no handler of ours: an app may configure it as it likes. Where it does not, what the app logs
    comes out as our own lines do; what libraries log, from WARNING on, or at level debug.
    """
    handler, others = LineHandler(), LineHandler()
    handler.setFormatter(formatter := LineFormatter(process))
    others.setFormatter(formatter)
    if level != "debug":
        others.addFilter(lambda record: not is_chatter(record))
    logging.lastResort = others
    logging.root.setLevel(level.upper())
    ours = logging.getLogger("taskmill")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(level.upper())
    os.dup2(ERROR_FD, 1)
    sys.stdout = sys.__stdout__ = Printed("stdout", formatter.printed)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = Printed("stderr", formatter.printed)  # type: ignore[misc]
    survive_readers({1, ERROR_FD})
