"""Standard output and error may be missing, or their reader go away (`| head`, a closed terminal): it stops nobody."""

import os
import select
import threading
from collections.abc import Collection


def fill_standard_descriptors() -> None:
    """Of a process that was started without some (`>&-`): a pipe or a database would get such a number, and what is
    printed would go into it."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)


def survive_readers(descriptors: Collection[int]) -> None:
    """From now on, what is written to one of these goes nowhere once nobody can read it any more.

    Otherwise every write would fail, of handlers and of the programs that they start.
    """
    poll = select.poll()
    for fd in descriptors:
        poll.register(fd, 0)  # for errors alone

    def watch() -> None:
        left = set(descriptors)
        while left:
            for fd, _ in poll.poll():
                poll.unregister(fd)
                left.discard(fd)
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, fd)
                os.close(nothing)

    threading.Thread(target=watch, name="taskmill-output", daemon=True).start()
