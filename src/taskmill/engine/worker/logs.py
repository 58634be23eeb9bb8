"""Log records that a handler's code emits are kept with its attempt."""

import logging
import re
import sysconfig
from collections.abc import Iterable

from taskmill.executors.call import target
from taskmill.executors.contract import Handler, running

_STANDARD = sysconfig.get_path("stdlib")
_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")

_own: set[str] = set()
"""Packages that handlers are in, wherever they are installed."""


class Capture(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        context = running.get()
        if context is None or record.name.startswith("taskmill.engine") or _is_chatter(record):
            return
        try:
            context.log(record.getMessage(), record.levelname.lower())
        except Exception:  # arguments that do not fit the message are no error of the handler, as everywhere in logging
            self.handleError(record)


def _is_chatter(record: logging.LogRecord) -> bool:
    """What a library says below WARNING, such as each URL that it asks."""
    return (
        record.levelno < logging.WARNING
        and (record.pathname.startswith(_STANDARD) or _INSTALLED.search(record.pathname) is not None)
        and record.name.partition(".")[0] not in _own
    )


def capture() -> None:
    """For the whole process, from INFO upwards; what is printed stays as it was configured."""
    root = logging.getLogger()
    for handler in root.handlers:
        handler.setLevel(max(handler.level, root.level))
    root.setLevel(min(root.level, logging.INFO))
    root.addHandler(Capture(logging.INFO))


def capture_all_of(handlers: Iterable[Handler]) -> None:
    """Also what the packages of these say below WARNING, where they are installed beside libraries."""
    _own.update(target(handler.fn).__module__.partition(".")[0] for handler in handlers)
