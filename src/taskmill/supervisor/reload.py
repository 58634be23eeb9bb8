"""`--reload`: a process that watches Python files below the working directory and reports those that changed.

It is a process of its own, `python -m taskmill.supervisor.reload`, because the library that watches would weigh more
than the whole supervisor. It writes one line for each change: the names of the files, or nothing once it watches.
"""

import os
import subprocess
import sys
import threading
from importlib.util import find_spec

from taskmill.core.extras import needs

STEP = 100
"""Milliseconds without another change after which a change is reported."""


class FileWatcher:
    """Seen from the supervisor. Raises InvalidSettings when watchfiles is not installed."""

    def __init__(self) -> None:
        with needs("reload", "--reload"):
            if find_spec("watchfiles") is None:
                raise ModuleNotFoundError(name="watchfiles")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "taskmill.supervisor.reload"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdout is not None
        self.fd = self._process.stdout.fileno()
        self.ready = False
        """Every change from now on is noticed."""

    def __enter__(self) -> "FileWatcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def read(self) -> str | None:
        """The names of files that changed, for people; None: it has ended."""
        lines = os.read(self.fd, 65_536).decode(errors="replace")
        self.ready = True
        return ", ".join(lines.split("\n")[:-1]).strip(", ") if lines else None


class _Watching(threading.Event):
    """Asked by watchfiles whether to end: for the first time when it watches."""

    def __init__(self) -> None:
        super().__init__()
        self._reported = False

    def is_set(self) -> bool:
        if not self._reported:
            self._reported = True
            print(flush=True)
        return super().is_set()


def main() -> None:
    import watchfiles

    ended = _Watching()
    threading.Thread(target=_set_with_supervisor, args=(ended,), daemon=True).start()
    for changes in watchfiles.watch(
        ".", watch_filter=watchfiles.PythonFilter(), step=STEP, stop_event=ended, raise_interrupt=False
    ):
        names = sorted({os.path.relpath(path) for _, path in changes})
        broken = [name for name in names if _is_broken(name)]
        if not broken:
            print(", ".join(names), flush=True)


def _is_broken(name: str) -> bool:
    """Says so: the workers go on with the code that they have, until the file is saved without the error."""
    try:
        with open(name, "rb") as file:
            compile(file.read(), name, "exec", dont_inherit=True)
    except FileNotFoundError:  # it was removed
        return False
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        what = error.msg if isinstance(error, SyntaxError) else error
        print(f"{name}{line}: {what}; the workers keep the code that they have", file=sys.stderr, flush=True)
        return True
    return False


def _set_with_supervisor(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()


if __name__ == "__main__":
    main()
