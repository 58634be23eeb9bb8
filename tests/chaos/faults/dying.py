"""A worker that dies at one exact point: when what a ticket stands for is claimed, and the ticket not acknowledged."""

import functools
import os
import signal
from pathlib import Path

from taskmill.engine.intake import Hand


def prepare() -> None:
    """In each process that has the app: SIGKILL at that point, once there is the file that `order` makes."""
    claimed, here = Hand.claimed, Path(os.environ["CHAOS_RUNS"] + f".die-{os.getpid()}")

    @functools.wraps(claimed)
    def die_first(hand: Hand) -> None:
        if hand._asked and here.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        claimed(hand)

    Hand.claimed = die_first  # type: ignore[method-assign]


def order(runs: Path, pid: int) -> Path:
    """Have this process die at its next ticket."""
    path = Path(f"{runs}.die-{pid}")
    path.touch()
    return path
