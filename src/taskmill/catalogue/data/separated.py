"""CSV and TSV, read as Python's `csv` reads them (RFC 4180), but strictly: each row has its header's fields."""

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

from taskmill.catalogue.data.lines import BUFFER, LONGEST_LINE, BoundedFile, encoding_of, text_of, undecodable
from taskmill.catalogue.refusal import Refusal

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",;|\t"
SAMPLE = 2**20
"""Characters by which the delimiter is found."""
AT_ONCE = 100
"""Rows."""
SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?(\r|\n)')
"""By which Excel names the delimiter."""
QUOTED = re.compile(rb'"[^"\r\n]*"')
UNUSUAL = (b"\0", b"\1")

csv.field_size_limit(LONGEST_LINE)


class SeparatedFile:
    """Raises Refusal, on opening and reading, for what is no such table, with the line."""

    def __init__(self, name: str, file: BinaryIO, delimiter: str | None, encoding: str | None) -> None:
        self.name = name
        self._file = file
        self._encoding = encoding_of(name, file, encoding)
        with self._refusing():
            sample = text_of(BoundedFile(name, file), self._encoding).read(SAMPLE).removeprefix("\ufeff")
        said = SEP_LINE.match(sample)
        self.skipped = 1 if said and delimiter in (None, said[1]) else 0
        self.delimiter = delimiter or (said[1] if said else delimiter_of(sample, name))
        self.unnamed: list[str] = []
        """What columns are called to which the header gives no name."""
        self.names = self._names()

    def batches(self, bounded: BoundedFile) -> Iterator[list[list[str]]]:
        """Rows without the header and without empty lines, some at a time."""
        width, count = len(self.names), 0
        with self._refusing():
            reader = self._reader(bounded)
            _first(reader)
            while rows := list(islice(reader, AT_ONCE)):
                bounded.batch = 0
                if set(map(len, rows)) != {width}:
                    rows = [row for row in rows if row]
                    for at, row in enumerate(rows):
                        if len(row) != width:
                            raise Refusal(
                                f"{self.name}: line {self.line(count + at):,} has {_fields(len(row))}; its header "
                                f"names {width:,}"
                            )
                count += len(rows)
                yield rows

    def plain_rows(self, bounded: BoundedFile, tell: Callable[[int], None]) -> int | None:
        """How many rows there are, if the engine reads the file as `csv` does; else None.

        It does so (tests/catalogue/test_data_csv.py) where quotes stand round whole fields alone, and lines end alike.
        """
        if self._encoding != "utf-8-sig" or self.delimiter not in DELIMITERS or len(self.names) == 1:
            return None
        separator = self.delimiter.encode()
        starts, stops = (b"\n\1", separator + b"\1"), (b"\1\n", b"\1\r", b"\1" + separator)
        rows, kinds = -1, set()  # the header is no row
        with io.BufferedReader(bounded, BUFFER) as file:
            if self.skipped:
                file.readline()
            while block := file.read(BUFFER):
                block += file.readline()
                bounded.batch = 0
                try:
                    block.decode()
                except UnicodeDecodeError:
                    return None
                if any(character in block for character in UNUSUAL):
                    return None
                block = QUOTED.sub(b"\1", block)
                padded = b"\n" + block + b"\n"
                whole = padded.count(b"\1")
                if b'"' in block or any(sum(map(padded.count, ends)) != whole for ends in (starts, stops)):
                    return None
                lines = block.removesuffix(b"\n").split(b"\n")
                returns = block.count(b"\r")
                kinds.add(bool(returns))
                alike = len(kinds) == 1 and returns in (0, block.count(b"\n")) and returns == block.count(b"\r\n")
                if not alike or {line.count(separator) for line in lines} != {len(self.names) - 1}:
                    return None
                rows += len(lines)
                tell(rows)
        return rows

    def line(self, row: int) -> int:
        """Where a row begins; 0 is the first one after the header."""
        reader = self._reader(BoundedFile(self.name, self._file))
        _first(reader)
        before = reader.line_num
        for record in reader:
            if record:
                row -= 1
                if row < 0:
                    break
            before = reader.line_num
        return before + 1 + self.skipped

    def _reader(self, bounded: BoundedFile) -> "Reader":
        text = text_of(bounded, self._encoding)
        first = text.readline().removeprefix("\ufeff")
        lines = text if self.skipped else chain([first], text)
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _names(self) -> list[str]:
        with self._refusing():
            names = _first(self._reader(BoundedFile(self.name, self._file)))
        if not names:
            raise Refusal(f"{self.name}: it is empty; a table begins with the names of its columns")
        named = [name or f"column_{at}" for at, name in enumerate(names, 1)]
        self.unnamed = [name for name, given in zip(named, names, strict=True) if not given]
        seen: dict[str, int] = {}
        for at, name in enumerate(named, 1):
            if name in seen:
                raise Refusal(
                    f"{self.name}: fields {seen[name]} and {at} of the header are both {name!r}; give them two names"
                )
            seen[name] = at
        return named

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            raise undecodable(self.name, self._file, self._encoding, error) from None
        except UnicodeError as error:  # of UTF-16 and UTF-32 without a mark
            raise Refusal(f"{self.name}: {error}; name the file's `encoding`, such as 'utf-16-le'") from None
        except csv.Error as error:
            raise Refusal(f"{self.name}: {self._broken(str(error))}") from None

    def _broken(self, said: str) -> str:
        """Where `csv` gave up, and why."""
        reader = self._reader(BoundedFile(self.name, self._file))
        before = 0
        with contextlib.suppress(csv.Error):
            for _ in reader:
                before = reader.line_num
        line = f"line {before + 1 + self.skipped:,}"
        if "unexpected end" in said:
            return f"{line}: a quote is opened and never closed"
        if "limit" in said:
            return f"{line}: a field has more than {LONGEST_LINE:,} characters; a quote may not be closed"
        return f"{line}: a quote closes before the end of its field; a quote within a text is doubled"


def delimiter_of(sample: str, name: str) -> str:
    """The one that gives each of the first rows as many fields as the header, of which there are at least two."""
    widths = {delimiter: _widths(sample, delimiter) for delimiter in DELIMITERS}
    even = [delimiter for delimiter, found in widths.items() if found and found[0] > 1 and len(set(found)) == 1]
    if len(even) > 1:
        raise Refusal(f"{name}: its rows can be divided by {' or '.join(map(repr, even))}; name its `delimiter`")
    return even[0] if even else max(DELIMITERS, key=lambda delimiter: (widths[delimiter] or [0])[0])


def _widths(sample: str, delimiter: str) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(csv.Error):
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
        found.extend(len(row) for row in islice(rows, AT_ONCE) if row)
    cut = len(sample) == SAMPLE and len(found) < AT_ONCE
    return found[:-1] if cut and len(found) > 1 else found


def _first(reader: "Reader") -> list[str]:
    return next((record for record in reader if record), [])


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count:,} fields"
