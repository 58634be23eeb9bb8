"""What a handler forks (multiprocessing, os.fork) is a process of its own, and no second worker.

A forked child inherits the signal handlers, the descriptor by which they wake the event loop, and whatever is open. A
SIGTERM to the child, such as `Pool.terminate()` sends, would then make the *worker* drain; and a child that outlives
the worker would keep its pipes open. So it starts with the signals as the system has them and without what is ours.
"""

import os
import signal
from collections.abc import Collection

from taskmill.executors.contract import running

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGCHLD)


def ignore(*numbers: int) -> None:
    """By a handler: SIG_IGN would be inherited by the programs that handlers start."""
    for number in numbers:
        signal.signal(number, lambda *_: None)


def open_descriptors() -> set[int]:
    """Without the one by which they are listed."""
    listed = [int(name) for name in os.listdir("/dev/fd")]
    return {fd for fd in listed if os.path.exists(f"/dev/fd/{fd}")}


def separate_forks(descriptors: Collection[int]) -> None:
    """From now on. `descriptors`: those that no child may have, as they are when it is forked; standard output and
    error are everybody's."""

    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def leave() -> None:
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in descriptors:  # kept as a number: objects that are collected in the child would close it again
            os.dup2(nothing, fd, inheritable=fd == 0)
        os.close(nothing)
        running.set(None)
        unblock()

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=leave)
