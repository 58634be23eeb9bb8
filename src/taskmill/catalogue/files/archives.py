"""Zip files: one of the files in it, or all, into a new folder."""

import contextlib
import stat
import struct
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import BinaryIO
from zipfile import ZIP_LZMA, ZipFile, ZipInfo

from taskmill.catalogue.files.bounds import Bounds, Unpacker
from taskmill.catalogue.files.folders import new_folder
from taskmill.catalogue.files.paths import RootedPath
from taskmill.catalogue.files.pieces import readable
from taskmill.catalogue.files.results import MadeFile
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import Context

DIRECTORY = 4 * 2**20
"""Bytes that the list of a zip's files may take: some 40 000 files."""
LZMA_MEMORY = 128 * 2**20
LOCAL_HEADER = struct.Struct("<26x2H")
"""With the lengths of the name and of what follows it."""
LZMA_HEADER = struct.Struct("<5xL")
"""With the bytes of memory that unpacking takes."""
LISTED = 1000
LONGEST_NAME = 1000


class _InPieces:
    """A file of which no long piece is read at once: zipfile reads the list of all files so, however long it is."""

    def __init__(self, file: BinaryIO, source: RootedPath) -> None:
        self._source = source
        self._read = file.read
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        piece = self._read(size if 0 <= size <= DIRECTORY else DIRECTORY + 1)
        if len(piece) > DIRECTORY:
            raise Refusal(
                f"'{self._source.name}' lists too many files: its directory has more than {DIRECTORY:,} bytes"
            )
        return piece


@contextlib.contextmanager
def archive(file: BinaryIO, source: RootedPath) -> Iterator[ZipFile]:
    with ZipFile(_InPieces(file, source)) as opened:
        if not _files(opened):
            raise Refusal(f"'{source.name}' holds no files")
        yield opened


def is_one_file(opened: ZipFile, member: str | None) -> bool:
    """Whether one file is asked for, or there is only one."""
    return member is not None or len(_files(opened)) == 1


def one_file(opened: ZipFile, source: RootedPath, member: str | None) -> contextlib.AbstractContextManager[Unpacker]:
    files = {_name(info): info for info in _files(opened)}
    wanted = next(iter(files)) if member is None else member.replace("\\", "/")
    if wanted not in files:
        shown = ", ".join(list(files)[:5]) + (", …" if len(files) > 5 else "")
        raise Refusal(f"'{source.name}' holds no file '{member}'; there are {shown}")
    _check(opened, files[wanted], source)
    return opened.open(files[wanted])


def extract(ctx: Context, opened: ZipFile, source: RootedPath, rooted: RootedPath, bounds: Bounds) -> list[MadeFile]:
    """All files, into a new folder. Raises Refusal for a name that leads out of it."""
    files = [(info, _parts(opened, info, source)) for info in _files(opened)]
    made = []
    with new_folder(rooted, ctx.task.id) as folder:
        for number, (info, parts) in enumerate(files, 1):
            with folder.file(parts) as file, opened.open(info) as unpacker:
                for piece in bounds.pieces(unpacker):
                    ctx.raise_if_cancelled()
                    file.write(piece)
                made.append(MadeFile("/".join((rooted.name, *parts)), file.tell()))
            ctx.raise_if_cancelled()
            ctx.progress(number / len(files), f"{number:,} of {len(files):,} files, {readable(bounds.done)}")
    return made[:LISTED]


def _files(opened: ZipFile) -> list[ZipInfo]:
    return [info for info in opened.infolist() if not _name(info).endswith("/")]


def _name(info: ZipInfo) -> str:
    """With the only separator that a zip may have; programs of Windows write the other one."""
    return info.filename.replace("\\", "/")


def _parts(opened: ZipFile, info: ZipInfo, source: RootedPath) -> tuple[str, ...]:
    _check(opened, info, source)
    path = PurePosixPath(_name(info))
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(info.filename).drive or not path.parts:
        raise Refusal(f"'{source.name}' holds a file named '{info.filename[:200]}', which leads out of its folder")
    if len(info.filename) > LONGEST_NAME:
        raise Refusal(f"'{source.name}' holds a file whose name has more than {LONGEST_NAME:,} characters")
    return path.parts


def _check(opened: ZipFile, info: ZipInfo, source: RootedPath) -> None:
    what = f"'{info.filename[:200]}' in '{source.name}'"
    if info.flag_bits & 1:
        raise Refusal(f"{what} is encrypted, and can't be decompressed here")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refusal(f"{what} is a link, and links are not made")
    if info.compress_type == ZIP_LZMA and _lzma_memory(opened, info) > LZMA_MEMORY:
        raise Refusal(f"{what} needs more than {LZMA_MEMORY:,} bytes of memory to be decompressed")


def _lzma_memory(opened: ZipFile, info: ZipInfo) -> int:
    """As the start of the packed content says; it would be taken without asking."""
    assert opened.fp is not None
    opened.fp.seek(info.header_offset)
    name, extra = LOCAL_HEADER.unpack(_exactly(opened, LOCAL_HEADER.size))
    opened.fp.seek(name + extra, 1)
    memory: int = LZMA_HEADER.unpack(_exactly(opened, LZMA_HEADER.size))[0]
    return memory


def _exactly(opened: ZipFile, size: int) -> bytes:
    assert opened.fp is not None
    found = opened.fp.read(size)
    if len(found) < size:
        raise EOFError("it ends too early")
    return found
