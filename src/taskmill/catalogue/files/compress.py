"""Compress a file."""

import contextlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from taskmill.catalogue.files.operations import Compress
from taskmill.catalogue.files.paths import target
from taskmill.catalogue.files.pieces import pieces
from taskmill.catalogue.files.results import MadeFile, Wrote
from taskmill.catalogue.files.safe_files import reading, writing
from taskmill.executors.contract import Context

ENDINGS = {"gzip": ".gz", "bz2": ".bz2", "xz": ".xz", "zip": ".zip"}


def compress(ctx: Context, filename: str, asked: Compress) -> Wrote:
    with reading(filename) as (file, source, size):
        rooted = target(asked.output, source) if asked.output else source.sibling(source.file + ENDINGS[asked.format])
        with writing(rooted) as made:
            with _packer(asked.format, made, source.file) as packer:
                for piece in pieces(ctx, file, size):
                    packer.write(piece)
            packed = made.seek(0, 2)
    return Wrote("compress", source.name, size, [MadeFile(rooted.name, packed)])


class Packer(Protocol):
    def write(self, data: bytes, /) -> int: ...


def _packer(form: str, made: BinaryIO, name: str) -> contextlib.AbstractContextManager[Packer]:
    """The same file gives the same bytes, whenever it is compressed."""
    if form == "gzip":
        import gzip

        return gzip.GzipFile("", "wb", fileobj=made, mtime=0)
    if form == "bz2":
        import bz2

        return bz2.BZ2File(made, "wb")
    if form == "xz":
        import lzma

        return lzma.LZMAFile(made, "wb")
    return _zip(made, name)


@contextlib.contextmanager
def _zip(made: BinaryIO, name: str) -> Iterator[Packer]:
    import zipfile

    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(made, "w") as archive, archive.open(member, "w", force_zip64=True) as packer:
        yield packer
