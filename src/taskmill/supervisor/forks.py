"""What a handler forks (multiprocessing, os.fork) is a process of its own, and no second worker.

A forked child inherits the signal handlers, the descriptor by which they wake the event loop, and whatever is open. A
SIGTERM to the child, such as `Pool.terminate()` sends, would then make the *worker* drain; and a child that outlives
the worker would keep its pipes open. So it starts with the signals as the system has them and without what is ours.
"""

import os
import signal
from collections.abc import Collection
from typing import NamedTuple

from taskmill.executors.contract import running

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGCHLD)


def ignore(*numbers: int) -> None:
    """By a handler: SIG_IGN would be inherited by the programs that handlers start."""
    for number in numbers:
        signal.signal(number, lambda *_: None)


class Descriptor(NamedTuple):
    """With the file that it stands for: its number alone may be that of another file when something is forked."""

    fd: int
    device: int
    inode: int


def open_descriptors() -> set[Descriptor]:
    """Without standard output and error, which are everybody's, and the one by which they are listed."""
    listed = [int(name) for name in os.listdir("/dev/fd")]
    return {found for fd in listed if fd not in (1, 2) and (found := _described(fd))}


def _described(fd: int) -> Descriptor | None:
    try:
        found = os.fstat(fd)
    except OSError:
        return None
    return Descriptor(fd, found.st_dev, found.st_ino)


def separate_forks(descriptors: Collection[Descriptor]) -> None:
    """From now on. `descriptors`: those that no child may have, as they are when it is forked.

    What is replaced is still what it was: uvloop comes by here too when it starts a program, between the fork and the
    moment when the ends of new pipes become the standard streams.
    """

    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def leave() -> None:
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for one in descriptors:  # the number is kept: objects that are collected in the child would close it again
            if _described(one.fd) == one:
                os.dup2(nothing, one.fd, inheritable=one.fd == 0)
        os.close(nothing)
        running.set(None)
        unblock()

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=leave)
