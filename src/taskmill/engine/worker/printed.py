"""What handlers print: at once and line by line, each line of an attempt with its task's id.

It goes to standard error by system calls of its own, so that nothing waits in a buffer when the process is killed.
"""

import io
import os
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from taskmill.core.standard_error import ERROR_FD, write
from taskmill.engine.worker.withheld import masked
from taskmill.executors.contract import Context, running

LONGEST = 64 * 1024
"""Characters of a line without an end that are kept before they are written all the same."""

_begun: dict[tuple[Any, "Printed"], str] = {}
"""By attempt (outside of one, by thread) and stream: what was written since its last end of line."""
_lock = threading.RLock()


def end_lines(contexts: Iterable[Context]) -> None:
    """These attempts are over: what they began are lines."""
    if not _begun:
        return
    over = set(contexts)
    with _lock:
        ended = [(*key, _begun.pop(key)) for key in list(_begun) if key[0] in over]
    for context, stream, line in ended:
        stream.write_lines(context, line)


class Printed(io.TextIOWrapper):
    """In place of `sys.stdout` and `sys.stderr`."""

    def __init__(self, name: str, prefix: Callable[[str], str]) -> None:
        """`prefix` makes the beginning of an attempt's line, from `name`."""
        super().__init__(
            cast(io.BufferedWriter, _PrintedBytes(self)),
            encoding="utf-8",
            errors="backslashreplace",
            write_through=True,
        )
        self._name = name
        self._prefix = prefix

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        context, key = self._key()
        with _lock:
            whole = _begun.pop(key, "") + text
            if context is not None:  # a progress bar goes back to the start of its line, which in a log is the next one
                whole = re.sub(r"\r+\n?", "\n", whole.lstrip("\r"))
            lines, end, rest = whole.rpartition("\n")
            if len(rest) > LONGEST:
                lines, end, rest = whole, "\n", ""
            if rest:
                _begun[key] = rest
        if end:
            self.write_lines(context, lines)
        return len(text)

    def flush(self) -> None:
        """What this attempt has begun becomes a line; outside of attempts, whatever was begun."""
        context, mine = self._key()
        with _lock:
            keys = [mine] if context else [key for key in _begun if key[1] is self]
            begun = [(key[0], _begun.pop(key)) for key in keys if key in _begun]
        for writer, rest in begun:
            self.write_lines(writer if isinstance(writer, Context) else None, rest)

    def close(self) -> None:
        """Only flushes: the next attempt prints too."""
        self.flush()

    def write_lines(self, context: Context | None, lines: str) -> None:
        lines = masked(lines)
        if context is not None:
            before = f"{self._prefix(self._name)}task {context.task.id}: "
            lines = "\n".join(before + line for line in lines.split("\n"))
        write(lines + "\n")

    def _key(self) -> tuple[Context | None, tuple[Any, "Printed"]]:
        context = running.get()
        return context, (threading.get_ident() if context is None else context, self)


class _PrintedBytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, text: Printed) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return ERROR_FD

    def isatty(self) -> bool:
        return os.isatty(ERROR_FD)

    def write(self, data: Any) -> int:
        whole = bytes(data)
        self._text.write(whole.decode(errors="backslashreplace"))
        return len(whole)

    def close(self) -> None:
        pass


def _forget() -> None:
    """In a copy of the process: its other threads, one of which may hold the lock, are not there."""
    global _lock
    _lock = threading.RLock()
    _begun.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
