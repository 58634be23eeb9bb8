"""Decompress a file, within bounds."""

import contextlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from taskmill.catalogue.files.bounds import Bounds, Unpacker
from taskmill.catalogue.files.compress import ENDINGS
from taskmill.catalogue.files.operations import Decompress
from taskmill.catalogue.files.paths import RootedPath, target
from taskmill.catalogue.files.pieces import PIECE, readable
from taskmill.catalogue.files.results import MadeFile, Wrote
from taskmill.catalogue.files.safe_files import Opened, reading, writing
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import Context

MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
XZ_MEMORY = 128 * 2**20


def decompress(ctx: Context, filename: str, asked: Decompress) -> Wrote:
    with reading(filename) as opened:
        source = opened.rooted
        form = _form(opened.file, source)
        rooted = target(asked.output, source) if asked.output else source.sibling(_plain(source.file, form))
        bounds = Bounds(source.name, opened.size, asked.limit)
        with _refused(source, form):
            if form == "zip":
                made = _unzip(ctx, opened, rooted, bounds, asked)
            elif asked.member is not None:
                raise Refusal(f"'{source.name}' is a {form} file and has no members; leave `member` out")
            else:
                with _unpacker(form, opened.file) as unpacker:
                    made = [_copy(ctx, opened, unpacker, rooted, bounds)]
    return Wrote("decompress", source.name, opened.size, made)


def _unzip(ctx: Context, opened: Opened, rooted: RootedPath, bounds: Bounds, asked: Decompress) -> list[MadeFile]:
    from taskmill.catalogue.files import archives

    with archives.archive(opened.file, opened.rooted) as archive:
        if not archives.is_one_file(archive, asked.member):
            return archives.extract(ctx, archive, opened.rooted, rooted, bounds)
        with archives.one_file(archive, opened.rooted, asked.member) as unpacker:
            return [_copy(ctx, opened, unpacker, rooted, bounds)]


def _copy(ctx: Context, opened: Opened, unpacker: Unpacker, rooted: RootedPath, bounds: Bounds) -> MadeFile:
    with writing(rooted) as made:
        for piece in bounds.pieces(unpacker):
            ctx.raise_if_cancelled()
            made.write(piece)
            ctx.progress(opened.file.tell() / opened.size, f"{readable(bounds.done)} so far")
    return MadeFile(rooted.name, bounds.done)


def _form(file: BinaryIO, source: RootedPath) -> str:
    start = file.read(8)
    file.seek(0)
    for magic, form in MAGIC.items():
        if start.startswith(magic):
            return form
    raise Refusal(f"'{source.name}' is no gzip, bz2, xz or zip file")


def _plain(file: str, form: str) -> str:
    """The name of what is inside: notes.txt for notes.txt.gz."""
    ending = ENDINGS[form]
    return file.removesuffix(ending) if file.endswith(ending) and file != ending else f"{file}.out"


def _unpacker(form: str, file: BinaryIO) -> contextlib.AbstractContextManager[Unpacker]:
    if form == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=file)
    if form == "bz2":
        import bz2

        return bz2.BZ2File(file)
    return contextlib.nullcontext(_Xz(file))


class _Xz:
    """As lzma.LZMAFile, but bounded in memory, which the file itself would choose."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = self._new()

    def read(self, size: int, /) -> bytes:
        while True:
            if self._decoder.eof and not self._next():
                return b""
            more = self._file.read(PIECE) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not more:
                raise EOFError("it ends too early")
            if piece := self._decoder.decompress(more, size):
                return bytes(piece)

    def _next(self) -> bool:
        """Several may follow each other, with zeros between them."""
        rest = (self._decoder.unused_data or self._file.read(PIECE)).lstrip(b"\0")
        if rest:
            self._file.seek(-len(rest), 1)
            self._decoder = self._new()
        return bool(rest)

    def _new(self) -> Any:
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


@contextlib.contextmanager
def _refused(source: RootedPath, form: str) -> Iterator[None]:
    """What is wrong inside the file, said as a refusal."""
    import lzma
    import struct
    import zlib
    from zipfile import BadZipFile

    try:
        yield
    except Refusal:
        raise
    except (EOFError, zlib.error, lzma.LZMAError, BadZipFile, NotImplementedError, struct.error, ValueError) as error:
        raise Refusal(f"'{source.name}' can't be read as {form}: {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise Refusal(f"'{source.name}' can't be read as {form}: {error}") from None
