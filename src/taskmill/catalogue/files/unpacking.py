"""Decompress a file, within bounds: what a small file may unpack to has no limit of its own."""

import contextlib
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from taskmill.catalogue.files.opening import reading, writing
from taskmill.catalogue.files.operations import Decompress
from taskmill.catalogue.files.packing import ENDINGS
from taskmill.catalogue.files.places import Place, target
from taskmill.catalogue.files.reading import PIECE, readable
from taskmill.catalogue.files.results import Made, Wrote
from taskmill.catalogue.refusal import Refusal
from taskmill.sdk.context import Context

if TYPE_CHECKING:
    from zipfile import ZipFile

MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
RATIO = 250
"""Times its own size that a file may unpack to. Logs and tables stay below 50."""
SLACK = 16 * 2**20
"""Bytes that need no ratio."""
XZ_MEMORY = 128 * 2**20
DIRECTORY = 4 * 2**20
"""Bytes that the list of a zip's files may take: some 40 000 files."""
ZIP_END = struct.Struct("<4s4H2LH")


class Unpacker(Protocol):
    def read(self, size: int, /) -> bytes:
        """No more bytes than asked for; none at the end."""
        ...


def decompress(ctx: Context, filename: str, asked: Decompress) -> Wrote:
    with reading(filename) as (file, source, size):
        form = _form(file, source)
        place = target(asked.output, source) if asked.output else source.sibling(_plain(source.file, form))
        with writing(place) as made, _refused(source, form):
            with _unpacker(form, file, source, size, asked) as unpacker:
                for piece in _bounded(unpacker, source, size, asked.limit):
                    ctx.raise_if_cancelled()
                    made.write(piece)
                    ctx.progress(file.tell() / size, f"{readable(made.tell())} so far")
            unpacked = made.tell()
    return Wrote("decompress", source.name, size, [Made(place.name, unpacked)])


def _bounded(unpacker: Unpacker, source: Place, size: int, limit: int) -> Iterator[bytes]:
    done, suspicious = 0, max(SLACK, RATIO * size)
    while piece := unpacker.read(PIECE):
        done += len(piece)
        if done > limit:
            raise Refusal(f"'{source.name}' unpacks to more than {limit:,} bytes; allow more with `limit`")
        if done > suspicious:
            raise Refusal(f"'{source.name}' unpacks to more than {RATIO} times its size, as zip bombs do")
        yield piece


def _form(file: BinaryIO, source: Place) -> str:
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


def _unpacker(
    form: str, file: BinaryIO, source: Place, size: int, asked: Decompress
) -> contextlib.AbstractContextManager[Unpacker]:
    if form == "zip":
        return _member(file, source, size, asked)
    if asked.member is not None:
        raise Refusal(f"'{source.name}' is a {form} file and has no members; leave `member` out")
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
def _member(file: BinaryIO, source: Place, size: int, asked: Decompress) -> Iterator[Unpacker]:
    import zipfile

    _check_directory(file, source, size)
    with zipfile.ZipFile(file) as archive:
        name = _choose(archive, source, asked.member)
        if archive.getinfo(name).flag_bits & 1:
            raise Refusal(f"'{name}' in '{source.name}' is encrypted, and can't be decompressed here")
        with archive.open(name) as member:
            yield member


def _choose(archive: "ZipFile", source: Place, member: str | None) -> str:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if member is None and len(names) == 1:
        return names[0]
    if member in names:
        return str(member)
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    if not names:
        raise Refusal(f"'{source.name}' holds no files")
    if member is None:
        raise Refusal(f"'{source.name}' holds {len(names):,} files; name one as `member`: {shown}")
    raise Refusal(f"'{source.name}' holds no file '{member}'; there are {shown}")


def _check_directory(file: BinaryIO, source: Place, size: int) -> None:
    """Before it is read into memory as a whole."""
    file.seek(max(0, size - ZIP_END.size - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < ZIP_END.size:
        raise EOFError("it ends too early")
    length = ZIP_END.unpack_from(tail, at)[5]
    if length > DIRECTORY:
        raise Refusal(f"'{source.name}' lists too many files: its directory has more than {DIRECTORY:,} bytes")


@contextlib.contextmanager
def _refused(source: Place, form: str) -> Iterator[None]:
    """What is wrong inside the file, said as a refusal."""
    import lzma
    import zlib
    from zipfile import BadZipFile

    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, BadZipFile, NotImplementedError) as error:
        raise Refusal(f"'{source.name}' can't be read as {form}: {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise Refusal(f"'{source.name}' can't be read as {form}: {error}") from None
