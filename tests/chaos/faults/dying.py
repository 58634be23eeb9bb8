"""A worker that dies at one exact point: when what a ticket stands for is claimed, and the ticket not acknowledged."""

import os
import signal
from pathlib import Path

from taskmill.engine.worker.tickets import TicketBuffer


def prepare() -> None:
    """In each process that has the app: SIGKILL at that point, once there is the file that `order` makes."""
    claimed, here = TicketBuffer.claimed, Path(os.environ["CHAOS_RUNS"] + f".die-{os.getpid()}")

    def die_first(self: TicketBuffer) -> None:
        if self._claiming and here.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        claimed(self)

    TicketBuffer.claimed = die_first  # type: ignore[method-assign]


def order(runs: Path, pid: int) -> Path:
    """Have this process die at its next ticket."""
    path = Path(f"{runs}.die-{pid}")
    path.touch()
    return path
