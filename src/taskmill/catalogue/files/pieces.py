"""A file, piece by piece, with progress; stops between two pieces when the task was cancelled."""

from collections.abc import Iterator
from typing import BinaryIO

from taskmill.executors.contract import Context

PIECE = 2**20
UNITS = ("bytes", "KB", "MB", "GB", "TB")


def pieces(ctx: Context, file: BinaryIO, size: int, before: int = 0, total: int | None = None) -> Iterator[bytes]:
    """`size`: bytes of this file. As one of several: how many came `before` it, and the `total` of all."""
    total = size if total is None else total
    done = before
    while piece := file.read(PIECE):
        ctx.raise_if_cancelled()
        yield piece
        done += len(piece)
        ctx.progress(done / total if total else 1.0, f"{readable(done)} of {readable(total)}")


def readable(count: int) -> str:
    """Bytes for people, in powers of 1000."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {UNITS[unit]}" if unit else f"{count} bytes"
