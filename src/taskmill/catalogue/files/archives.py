"""Zip files: one of the files in it, or all, into a new folder."""

import contextlib
import stat
import struct
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from taskmill.catalogue.files.bounds import Bounds, Unpacker
from taskmill.catalogue.files.folders import new_folder
from taskmill.catalogue.files.paths import RootedPath
from taskmill.catalogue.files.pieces import readable
from taskmill.catalogue.files.results import MadeFile
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import Context

DIRECTORY = 4 * 2**20
"""Bytes that the list of a zip's files may take: some 40 000 files."""
END = struct.Struct("<4s4H2LH")
LISTED = 1000
LONGEST_NAME = 1000


@contextlib.contextmanager
def archive(file: BinaryIO, source: RootedPath, size: int) -> Iterator[ZipFile]:
    _check_directory(file, source, size)
    with ZipFile(file) as opened:
        if not _files(opened):
            raise Refusal(f"'{source.name}' holds no files")
        yield opened


def is_one_file(opened: ZipFile, member: str | None) -> bool:
    """Whether one file is asked for, or there is only one."""
    return member is not None or len(_files(opened)) == 1


def one_file(opened: ZipFile, source: RootedPath, member: str | None) -> contextlib.AbstractContextManager[Unpacker]:
    files = {info.filename: info for info in _files(opened)}
    if member is not None and member not in files:
        shown = ", ".join(list(files)[:5]) + (", …" if len(files) > 5 else "")
        raise Refusal(f"'{source.name}' holds no file '{member}'; there are {shown}")
    info = files[member] if member is not None else next(iter(files.values()))
    _check(info, source)
    return opened.open(info)


def extract(ctx: Context, opened: ZipFile, source: RootedPath, rooted: RootedPath, bounds: Bounds) -> list[MadeFile]:
    """All files, into a new folder. Raises Refusal for a name that leads out of it."""
    files = [(info, _parts(info, source)) for info in _files(opened)]
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
    return [info for info in opened.infolist() if not info.is_dir()]


def _parts(info: ZipInfo, source: RootedPath) -> tuple[str, ...]:
    _check(info, source)
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or not path.parts:
        raise Refusal(f"'{source.name}' holds a file named '{info.filename[:200]}', which leads out of its folder")
    if len(info.filename) > LONGEST_NAME:
        raise Refusal(f"'{source.name}' holds a file whose name has more than {LONGEST_NAME:,} characters")
    return path.parts


def _check(info: ZipInfo, source: RootedPath) -> None:
    if info.flag_bits & 1:
        raise Refusal(f"'{info.filename[:200]}' in '{source.name}' is encrypted, and can't be decompressed here")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refusal(f"'{info.filename[:200]}' in '{source.name}' is a link, and links are not made")


def _check_directory(file: BinaryIO, source: RootedPath, size: int) -> None:
    """Before it is read into memory as a whole."""
    file.seek(max(0, size - END.size - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < END.size:
        raise EOFError("it ends too early")
    if END.unpack_from(tail, at)[5] > DIRECTORY:
        raise Refusal(f"'{source.name}' lists too many files: its directory has more than {DIRECTORY:,} bytes")
