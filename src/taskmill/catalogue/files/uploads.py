"""Files that callers hand in: in the folder `uploads` of the first root, until they have been there for long enough."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import BinaryIO

from taskmill.catalogue import settings
from taskmill.catalogue.files import safe_files
from taskmill.catalogue.files.paths import RootedPath
from taskmill.catalogue.files.pieces import PIECE
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.tidy import UPLOADS as FOLDER
from taskmill.catalogue.tidy import UPLOADS_MARK
from taskmill.core import private_files
from taskmill.core.limits import NAME_LENGTH
from taskmill.plugins import ReceivedFile, UploadedFile

LONGEST_NAME = 200
"""Bytes."""
LISTED = 1000


class GrowingFile:
    """An upload that is being written, piece by piece."""

    def __init__(self, rooted: RootedPath, file: BinaryIO) -> None:
        from hashlib import sha256

        self._rooted, self._file, self._sha256 = rooted, file, sha256()
        self._size = 0

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._sha256.update(piece)
        self._size += len(piece)

    @property
    def received(self) -> ReceivedFile:
        return ReceivedFile(self._rooted.file, self._rooted.name, self._size, self._sha256.hexdigest())


class CatalogueUploads:
    """Every method may raise OSError, and Refusal for a name that is no plain name of a file."""

    @property
    def root(self) -> str:
        return str(settings.current().roots[0])

    @property
    def limit(self) -> int:
        return settings.current().upload_limit

    def exists(self, name: str) -> bool:
        return _rooted(name).path.exists()

    @contextlib.contextmanager
    def receive(self, name: str) -> Iterator[GrowingFile]:
        rooted = _rooted(name)
        _make_folder(rooted.root / FOLDER)
        with safe_files.writing(rooted, private_files.FILE) as file:
            yield GrowingFile(rooted, file)

    def copy(self, path: str | os.PathLike[str]) -> str:
        return upload(path)

    def newest(self) -> list[UploadedFile]:
        with contextlib.suppress(FileNotFoundError), _opened() as folder, os.scandir(folder) as entries:
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries if entry.name[0] != "."]
            files = [(name, status) for name, status in found if stat.S_ISREG(status.st_mode)]
            return [
                UploadedFile(name, f"{FOLDER}/{name}", status.st_size, status.st_mtime_ns // 1000)
                for name, status in sorted(files, key=lambda one: -one[1].st_mtime_ns)[:LISTED]
            ]
        return []

    def delete(self, name: str) -> bool:
        rooted = _rooted(name)
        with contextlib.suppress(FileNotFoundError, IsADirectoryError), _opened() as folder:
            os.unlink(rooted.file, dir_fd=folder)
            return True
        return False


UPLOAD_FOLDER = CatalogueUploads()


def upload(path: str | os.PathLike[str]) -> str:
    """Copy a file below the root; returns what to name it in parameters, like `uploads/sales-1f0c9a52.csv`.

    The name tells its content: another file that is called the same leaves it alone. Raises OSError, Refusal.
    """
    from hashlib import file_digest

    with open(path, "rb") as source:
        content = file_digest(source, "sha256").hexdigest()[:8]
        source.seek(0)
        with UPLOAD_FOLDER.receive(_name_of(PurePath(path), content)) as growing:
            while piece := source.read(PIECE):
                growing.write(piece)
    return growing.received.path


def _rooted(name: str) -> RootedPath:
    """Raises Refusal for what is no plain name of a file."""
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable() or len(os.fsencode(name)) > LONGEST_NAME:
        raise Refusal(f"a name has 1 to {NAME_LENGTH} printable characters, and at most {LONGEST_NAME} bytes")
    if name[0] == "." or "/" in name or "\\" in name:
        raise Refusal(f"{name!r} is no plain name: it has a / or \\, or begins with a dot; take one like sales.csv")
    return RootedPath(settings.current().roots[0], (FOLDER, name))


def _make_folder(folder: Path) -> None:
    """Marked as ours: in one of the same name that was there before, nothing is ever removed."""
    with contextlib.suppress(FileExistsError):
        folder.parent.mkdir(parents=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(private_files.FOLDER)
        (folder / UPLOADS_MARK).touch()


def _name_of(path: PurePath, content: str) -> str:
    return f"{path.stem.lstrip('.')[:40] or 'file'}-{content}{path.suffix}"


@contextlib.contextmanager
def _opened() -> Iterator[int]:
    folder = os.open(settings.current().roots[0] / FOLDER, safe_files.FOLDER)
    try:
        yield folder
    finally:
        os.close(folder)
