"""A worker that has ended its work, and does not end: it tells its supervisor what keeps it.

What handlers left behind may do that: a thread that is no daemon, a call in `run_in_executor`, a function of `atexit`
or a child that is joined there. The supervisor kills the worker after the grace period, and says what kept it.
"""

import sys
import threading
import time
from types import FrameType

from taskmill.supervisor.bootstrap import report
from taskmill.supervisor.plan import ChildPlan

INTERVAL = 0.5
"""Seconds between two looks."""


def report_what_keeps_it(child: ChildPlan) -> None:
    """From now until the process has ended."""

    def look() -> None:
        while True:
            time.sleep(INTERVAL)
            report(child, _what_keeps_it())

    threading.Thread(target=look, name="taskmill-lingering", daemon=True).start()


def _what_keeps_it() -> str:
    main, frames = threading.main_thread(), sys._current_frames()
    keepers = [
        f"thread {thread.name} {_place(frames.get(thread.ident or 0))}"
        for thread in threading.enumerate()
        if not thread.daemon and thread is not main
    ]
    if children := sys.modules.get("multiprocessing"):  # of nothing else is the end waited for
        keepers += [f"process {child.name} ({child.pid})" for child in children.active_children()]
    return ", ".join(keepers) or f"its main thread {_place(frames.get(main.ident or 0))}"


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return "somewhere"
    return f"in {frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
