"""Log records that a handler's code emits are kept with its attempt."""

import logging

from taskmill.executors.contract import running


class Capture(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        context = running.get()
        if context is None or record.name.startswith("taskmill.engine"):
            return
        try:
            context.log(record.getMessage(), record.levelname.lower())
        except Exception:  # arguments that do not fit the message are no error of the handler, as everywhere in logging
            self.handleError(record)


def capture() -> None:
    """For the whole process, from INFO upwards; what is printed stays as it was configured."""
    root = logging.getLogger()
    for handler in root.handlers:
        handler.setLevel(max(handler.level, root.level))
    root.setLevel(min(root.level, logging.INFO))
    root.addHandler(Capture(logging.INFO))
