"""JSON and JSON lines, read as Python's `json` reads them, but with each number as it is written.

Refused, with the row: a name twice in an object, `NaN` and `Infinity` (which are no JSON), and what is no object.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from taskmill.catalogue.data.lines import LONGEST_LINE, BoundedFile, encoding_of, text_of, undecodable
from taskmill.catalogue.refusal import Refusal

PIECE = 2**16
"""Characters."""
SPACE = re.compile(r"[ \t\r\n]*")


class NumberText(str):
    """A number, digit by digit."""

    __slots__ = ()


def from_lines(name: str, file: BinaryIO, bounded: BoundedFile) -> Iterator[dict[str, Any]]:
    encoding = encoding_of(name, file, None)
    number = 0
    try:
        for line in text_of(bounded, encoding, newline="\n"):
            number += 1
            bounded.batch = 0
            if not line.isspace():
                yield _row(*_decoded(line, 0), line)
    except UnicodeDecodeError as error:
        raise undecodable(name, file, encoding, error) from None
    except json.JSONDecodeError as error:
        raise Refusal(f"{name}: line {number:,}: no JSON, column {error.colno:,}: {error.msg}") from None
    except Refusal as refused:
        raise refused if str(refused).startswith(name) else Refusal(f"{name}: line {number:,}: {refused}") from None


def from_array(name: str, file: BinaryIO, bounded: BoundedFile) -> Iterator[dict[str, Any]]:
    encoding = encoding_of(name, file, None)
    text, number = _Pieces(text_of(bounded, encoding), bounded), 0
    try:
        if text.next() != "[":
            raise Refusal("a JSON table is an array of objects; name the format json_lines if each line is an object")
        text.at += 1
        if text.next() != "]":
            while True:
                number += 1
                yield text.row()
                if (character := text.next()) == "]":
                    break
                if character != ",":
                    raise Refusal(f"no JSON: ',' or ']' should stand before {text.near!r}")
                text.at += 1
                text.next()
        text.at += 1
        if text.next():
            raise Refusal(f"no JSON: after the ']' there is {text.near!r}")
    except UnicodeDecodeError as error:
        raise undecodable(name, file, encoding, error) from None
    except json.JSONDecodeError as error:
        raise Refusal(f"{name}: row {number:,}: no JSON: {error.msg} at {text.near!r}") from None
    except Refusal as refused:
        raise refused if str(refused).startswith(name) else Refusal(f"{name}: row {number:,}: {refused}") from None


def nested(value: Any) -> str:
    """JSON of what was read here, its numbers as they were."""
    match value:
        case NumberText():
            return value
        case dict():
            return "{" + ", ".join(f"{_text(name)}: {nested(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(nested, value)) + "]"
        case _:
            return _text(value)


class _Pieces:
    """A text of any length, of which as much is held as one row needs."""

    def __init__(self, text: Any, bounded: BoundedFile) -> None:
        self._text = text
        self._bounded = bounded
        self._buffer = ""
        self.at = 0

    @property
    def near(self) -> str:
        return self._buffer[self.at : self.at + 20]

    def next(self) -> str:
        """The next character that is no space; none at the end."""
        while True:
            self.at = SPACE.match(self._buffer, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self._buffer):
                return self._buffer[self.at]
            if not self._more():
                return ""

    def row(self) -> dict[str, Any]:
        while True:
            try:
                value, end = _decoded(self._buffer, self.at)
            except json.JSONDecodeError:
                if len(self._buffer) - self.at > LONGEST_LINE:
                    raise Refusal(f"it is no JSON, or has more than {LONGEST_LINE:,} characters") from None
                if not self._more():
                    raise
                continue
            self.at = end
            return _row(value)

    def _more(self) -> bool:
        """Twice as much of a row each time, so that the work stays in proportion."""
        self._bounded.batch = 0
        more = self._text.read(max(PIECE, len(self._buffer) - self.at))
        self._buffer, self.at = self._buffer[self.at :] + more, 0
        return bool(more)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Refusal(f"{twice!r} is there twice")
    return found


def _constant(name: str) -> NoReturn:
    raise Refusal(f"{name} is no JSON; write null, or a text")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=NumberText, parse_int=NumberText, parse_constant=_constant
)
_text = json.JSONEncoder(ensure_ascii=False).encode


def _decoded(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at or SPACE.match(text).end())  # type: ignore[union-attr]
    except RecursionError:
        raise Refusal("it is nested too deeply") from None


def _row(value: Any, end: int = 0, line: str = "") -> dict[str, Any]:
    if line and (rest := line[end:].strip()):
        raise Refusal(f"no JSON: after the object there is {rest[:20]!r}")
    if not isinstance(value, dict):
        raise Refusal('a row is an object, such as {"name": 1}')
    return value
