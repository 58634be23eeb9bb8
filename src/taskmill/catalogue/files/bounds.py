"""How much a file may unpack to: what a small file unpacks to has no limit of its own."""

from collections.abc import Iterator
from typing import Protocol

from taskmill.catalogue.files.pieces import PIECE
from taskmill.catalogue.refusal import Refusal

RATIO = 250
"""Times its own size that a file may unpack to. Logs and tables stay below 50."""
SLACK = 16 * 2**20
"""Bytes that need no ratio."""


class Unpacker(Protocol):
    def read(self, size: int, /) -> bytes:
        """No more bytes than asked for; none at the end."""
        ...


class Bounds:
    """Of all that one file unpacks to, however many files that makes."""

    def __init__(self, name: str, size: int, limit: int) -> None:
        self.done = 0
        """Bytes."""
        self._name = name
        self._limit = limit
        self._suspicious = max(SLACK, RATIO * size)

    def pieces(self, unpacker: Unpacker) -> Iterator[bytes]:
        """Raises Refusal before a piece too many."""
        while piece := unpacker.read(PIECE):
            self.done += len(piece)
            if self.done > self._limit:
                raise Refusal(f"'{self._name}' unpacks to more than {self._limit:,} bytes; allow more with `limit`")
            if self.done > self._suspicious:
                raise Refusal(f"'{self._name}' unpacks to more than {RATIO} times its size, as zip bombs do")
            yield piece
