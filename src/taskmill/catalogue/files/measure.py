"""Checksums and counts, in one reading."""

import codecs
import hashlib

from taskmill.catalogue.files.pieces import pieces
from taskmill.catalogue.files.results import Checked, Counted, Inspected
from taskmill.catalogue.files.safe_files import reading
from taskmill.executors.contract import Context

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""UTF-32 first: its mark begins with that of UTF-16."""
WIDE = ("utf-16", "utf-32")


def inspect(ctx: Context, filename: str, algorithm: str) -> Inspected:
    digest, counter = hashlib.new(algorithm), Counter()
    with reading(filename) as (file, rooted, size):
        for piece in pieces(ctx, file, size):
            digest.update(piece)
            counter.feed(piece)
    encoding, lines, words = counter.finish()
    return Inspected(rooted.name, counter.bytes, algorithm, digest.hexdigest(), encoding, lines, words)


def checksum(ctx: Context, filename: str, algorithm: str) -> Checked:
    digest, count = hashlib.new(algorithm), 0
    with reading(filename) as (file, rooted, size):
        for piece in pieces(ctx, file, size):
            digest.update(piece)
            count += len(piece)
    return Checked(rooted.name, count, algorithm, digest.hexdigest())


def count(ctx: Context, filename: str) -> Counted:
    counter = Counter()
    with reading(filename) as (file, rooted, size):
        for piece in pieces(ctx, file, size):
            counter.feed(piece)
    return Counted(rooted.name, counter.bytes, *counter.finish())


class Counter:
    """Counts what it is fed, and finds out which encoding it may be in."""

    def __init__(self) -> None:
        self.bytes = 0
        self._encoding: str | None = None
        self._tally = _Tally()
        self._decoder: codecs.IncrementalDecoder | None = None
        self._ascii = True
        self._binary = False

    def feed(self, piece: bytes) -> None:
        if self._encoding is None:
            self._begin(piece)
        self.bytes += len(piece)
        if self._encoding in WIDE:
            assert self._decoder is not None
            self._tally.feed(self._decoder.decode(piece).encode("utf-8", "replace"))
            return
        self._tally.feed(piece)
        self._binary = self._binary or b"\0" in piece
        self._ascii = self._ascii and piece.isascii()
        self._check(piece)

    def finish(self) -> tuple[str, int | None, int | None]:
        """Encoding, lines, words."""
        if self._encoding not in WIDE:
            self._check(b"", final=True)
        if self._binary:
            return "binary", None, None
        plain = "ascii" if self._ascii and self._encoding == "utf-8" else self._encoding or "ascii"
        return plain, self._tally.all_lines, self._tally.words

    def _begin(self, piece: bytes) -> None:
        self._encoding = next((name for mark, name in MARKS.items() if piece.startswith(mark)), "utf-8")
        errors = "replace" if self._encoding in WIDE else "strict"
        self._decoder = codecs.getincrementaldecoder(self._encoding)(errors)

    def _check(self, piece: bytes, *, final: bool = False) -> None:
        """Whether it is UTF-8 so far."""
        if self._decoder is None:
            return
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self._encoding, self._decoder = "unknown-8bit", None


class _Tally:
    """Lines and words of text that comes in pieces."""

    def __init__(self) -> None:
        self.lines = 0
        self.words = 0
        self._in_word = False
        self._in_line = False

    @property
    def all_lines(self) -> int:
        return self.lines + self._in_line

    def feed(self, piece: bytes) -> None:
        if not piece:
            return
        self.lines += piece.count(b"\n")
        self.words += len(piece.split()) - (self._in_word and not piece[:1].isspace())
        self._in_word = not piece[-1:].isspace()
        self._in_line = not piece.endswith(b"\n")
