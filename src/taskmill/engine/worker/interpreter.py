"""Which handler keeps the others of its process waiting?

C code that holds the interpreter lock (a regular expression that backtracks, the power of a huge number) stops every
thread, the heartbeat's as well; the supervisor helps (supervisor/silence.py), and this thread says whose it was.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType

from taskmill.engine.worker.computing import most_used, thread_times
from taskmill.executors.contract import Context
from taskmill.executors.inline import Inline
from taskmill.executors.threads import ThreadedCall, latest

logger = logging.getLogger(__name__)

INTERVAL = 0.25
"""Seconds between two looks."""
TOO_LONG = 1.0
"""Seconds without the interpreter that are worth a line."""


class InterpreterWatch(threading.Thread):
    """Names in the log the handler that kept every other thread of this process waiting for a second or more."""

    def __init__(self) -> None:
        super().__init__(name="taskmill-interpreter", daemon=True)

    def run(self) -> None:
        pid, times = os.getpid(), dict[int, float]()
        while True:
            if not (times := thread_times(pid)):
                return
            for _ in range(8):
                handlers, began = _handlers(), time.monotonic()
                time.sleep(INTERVAL)
                waited = time.monotonic() - began
                if waited >= TOO_LONG:
                    handlers |= _handlers()  # those that run on, before anything else here lets go of the interpreter
                    thread, seconds = most_used(times, thread_times(pid))
                    if seconds >= TOO_LONG / 2:  # else the process was frozen
                        name = handlers.get(thread, "something that is no handler")
                        logger.warning("%s held the interpreter for %.1f s: nothing else ran meanwhile", name, waited)
                    break


def _handlers() -> dict[int, str]:
    """What runs in each thread, or ran there last: its type, and the id of the task."""
    frames = sys._current_frames()
    found = {}
    for thread in threading.enumerate():
        context = _context(frames.get(thread.ident or 0))
        named = latest.get(thread.ident or 0) if context is None else (context.task.task_type, context.task.id)
        if named is not None and thread.native_id is not None:
            found[thread.native_id] = f"'{named[0]}' (task {named[1]})"
    return found


_CONTEXTS: dict[CodeType, Callable[[FrameType], Context]] = {
    ThreadedCall._perform.__code__: lambda frame: frame.f_locals["self"]._context,
    Inline.run.__code__: lambda frame: frame.f_locals["context"],
}


def _context(frame: FrameType | None) -> Context | None:
    while frame is not None:
        if frame.f_code in _CONTEXTS:
            return _CONTEXTS[frame.f_code](frame)
        frame = frame.f_back
    return None
