"""The text of a foreign file: no line longer than can be held, and no byte decoded as what it is not."""

import codecs
import io
from typing import BinaryIO

from taskmill.catalogue.refusal import Refusal

LONGEST_LINE = 2**20
"""Bytes of a line, of a row, and (characters) of a field."""
LONGEST_BATCH = 64 * LONGEST_LINE
"""Bytes of the rows that are read at once."""
BUFFER = 2**18
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Longest first: that of UTF-32 begins as that of UTF-16."""


def path_of(file: BinaryIO) -> str:
    """Of this file and no other, whatever becomes of its name."""
    return f"/dev/fd/{file.fileno()}"


class BoundedFile(io.RawIOBase):
    """From the beginning on. Raises Refusal for a line, or a batch, that is too long."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file
        self.read_bytes = 0
        self.batch = 0
        """Bytes since whoever reads set it to 0."""
        self._line = 0
        self._lines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self.read_bytes:
            self._file.seek(0)
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        self.read_bytes += len(found)
        self.batch += len(found)
        begun = [at for at in (found.find(b"\n"), found.find(b"\r")) if at >= 0]
        if self._line + min(begun, default=len(found)) > LONGEST_LINE:
            raise Refusal(f"{self._name}: line {self._lines + 1:,} has more than {LONGEST_LINE:,} bytes")
        self._line = len(found) - max(found.rfind(b"\n"), found.rfind(b"\r")) - 1 + (0 if begun else self._line)
        self._lines += max(found.count(b"\n"), found.count(b"\r"))
        if self.batch > LONGEST_BATCH:
            raise Refusal(f"{self._name}: the row before line {self._lines:,} has more than {LONGEST_LINE:,} bytes")
        return len(found)


def encoding_of(name: str, file: BinaryIO, named: str | None) -> str:
    """As named, else as the mark at the beginning says, else UTF-8."""
    file.seek(0)
    start = file.read(4)
    marked = next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), None)
    if named:
        return "utf-8-sig" if named == "utf-8" else named
    if not marked and b"\0" in start:
        raise Refusal(f"{name}: it has NUL bytes, as UTF-16 without a mark has; name its encoding, such as 'utf-16-le'")
    return marked or "utf-8-sig"


def text_of(bounded: BoundedFile, encoding: str, newline: str = "", errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(bounded, BUFFER), encoding, errors, newline)


def undecodable(name: str, file: BinaryIO, encoding: str, error: UnicodeDecodeError) -> Refusal:
    """What to say, with the line if the encoding lets it be found."""
    plain = encoding.removesuffix("-sig")
    where = ""
    if not plain.startswith(("utf-16", "utf-32")):
        for number, line in enumerate(text_of(BoundedFile(name, file), encoding, errors="surrogateescape"), 1):
            if any("\udc80" <= character <= "\udcff" for character in line):
                where = f"line {number:,}: "
                break
    found = error.object[error.start : error.start + 1].hex().upper()
    return Refusal(f"{name}: {where}the byte 0x{found} is no {plain}; name the file's `encoding`, such as 'latin-1'")
