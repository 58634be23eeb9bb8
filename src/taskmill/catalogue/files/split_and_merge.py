"""Split a file into parts, and merge parts into a file."""

import contextlib
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

from taskmill.catalogue.files.operations import MOST_PARTS, Merge, Split
from taskmill.catalogue.files.paths import RootedPath, target
from taskmill.catalogue.files.pieces import pieces
from taskmill.catalogue.files.results import MadeFile, Wrote
from taskmill.catalogue.files.safe_files import reading, writing
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import Context


def split(ctx: Context, filename: str, asked: Split) -> Wrote:
    """All parts appear together, at the end."""
    with reading(filename) as (file, source, size), contextlib.ExitStack() as parts:
        if asked.unit == "bytes" and size > asked.every * MOST_PARTS:
            _too_many(source)
        made: list[tuple[RootedPath, BinaryIO]] = []
        left = 0
        for piece in pieces(ctx, file, size):
            for part in _cut(piece, left, asked):
                if not left:
                    made.append(_begin(parts, source, len(made) + 1))
                    left = asked.every
                made[-1][1].write(part)
                left -= len(part) if asked.unit == "bytes" else part.count(b"\n")
        sizes = [MadeFile(rooted.name, part.tell()) for rooted, part in made]
    return Wrote("split", source.name, size, sizes)


def merge(ctx: Context, filename: str, asked: Merge) -> Wrote:
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(reading(name)) for name in (filename, *asked.others)]
        rooted = {target(asked.output, source.rooted) for source in sources}.pop()
        total, done = sum(source.size for source in sources), 0
        with writing(rooted) as made:
            for source in sources:
                for piece in pieces(ctx, source.file, source.size, done, total):
                    made.write(piece)
                done = made.tell()
    return Wrote("merge", sources[0].rooted.name, total, [MadeFile(rooted.name, done)])


def _begin(parts: contextlib.ExitStack, source: RootedPath, number: int) -> tuple[RootedPath, BinaryIO]:
    if number > MOST_PARTS:
        _too_many(source)
    rooted = source.sibling(f"{source.file}.{number:03}")
    return rooted, parts.enter_context(writing(rooted))


def _too_many(source: RootedPath) -> NoReturn:
    raise Refusal(f"'{source.name}' would be cut into more than {MOST_PARTS} parts; make them larger with `every`")


def _cut(piece: bytes, left: int, asked: Split) -> Iterator[bytes]:
    """The piece in runs, none of which crosses the end of a part; the first part has room for `left`."""
    room = left or asked.every
    while piece:
        at = room if asked.unit == "bytes" else _end_of_line(piece, room)
        yield piece[:at]
        piece, room = piece[at:], asked.every


def _end_of_line(piece: bytes, number: int) -> int:
    """Where the line of this number (1 is the first) ends; beyond the piece if it doesn't."""
    if piece.count(b"\n") < number:
        return len(piece)
    return len(piece) - len(piece.split(b"\n", number)[-1])
