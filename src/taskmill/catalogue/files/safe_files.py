"""Files below the roots, opened and made so that nothing can lead out of them.

Each folder on the way is opened from the one before, and a link is never followed: whatever somebody moves meanwhile,
the file that is opened is one below its root. What is made has no name until it is whole.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, NoReturn

from taskmill.catalogue.files.paths import RootedPath, locate, shown
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.tidy import UPLOADS, noted

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not blocking: a pipe would wait for somebody to write."""
MODE = 0o666
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link, and links are not followed",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Opened(NamedTuple):
    file: BinaryIO
    rooted: RootedPath
    size: int
    """Bytes."""


@contextlib.contextmanager
def reading(name: str) -> Iterator[Opened]:
    """A file that is there. Raises Refusal for what is none, or is not below a root."""
    rooted = locate(name)
    try:
        opened = _open(rooted)
    except FileNotFoundError:
        _missing(rooted)
    with opened.file:
        yield opened


@contextlib.contextmanager
def writing(rooted: RootedPath, mode: int = MODE) -> Iterator[BinaryIO]:
    """A new file, which takes its name, and the place of one that had it, when the block ends well."""
    with folder_to_write_in(rooted) as folder:
        _check_free(folder, rooted)
        descriptor, part = _make(folder, f".{os.urandom(9).hex()}.part", mode)
        try:
            with _known(part, rooted), os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
                if part.unnamed:
                    os.link(f"/proc/self/fd/{descriptor}", part.name, dst_dir_fd=folder, follow_symlinks=True)
            os.rename(part.name, rooted.file, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part.name, dir_fd=folder)
            raise


class _Part(NamedTuple):
    name: str
    unnamed: bool
    """It has no name yet, so that it vanishes with its process."""


def _known(part: _Part, rooted: RootedPath) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if part.unnamed else noted(rooted.sibling(part.name).path)


def _make(folder: int, name: str, mode: int) -> tuple[int, _Part]:
    if hasattr(os, "O_TMPFILE"):
        with contextlib.suppress(OSError):  # not on every file system
            return os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, mode, dir_fd=folder), _Part(name, True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, mode, dir_fd=folder), _Part(name, False)


def _open(rooted: RootedPath) -> Opened:
    """Raises FileNotFoundError."""
    with _folder_of(rooted) as folder:
        try:
            _check_kind(rooted.name, os.stat(rooted.file, dir_fd=folder, follow_symlinks=False))
            descriptor = os.open(rooted.file, FILE, dir_fd=folder)
        except OSError as error:
            _refuse(error, rooted.name)
    file = os.fdopen(descriptor, "rb")
    try:
        status = os.fstat(descriptor)
        _check_kind(rooted.name, status)  # it may be another one by now
    except BaseException:
        file.close()
        raise
    return Opened(file, rooted, status.st_size)


@contextlib.contextmanager
def _folder_of(rooted: RootedPath) -> Iterator[int]:
    folder = _enter(rooted)
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def folder_to_write_in(rooted: RootedPath) -> Iterator[int]:
    """Descriptor of the folder that a path is in. Raises Refusal where there is none."""
    rooted.root.mkdir(parents=True, exist_ok=True)
    try:
        folder = _enter(rooted)
    except FileNotFoundError:
        missing = "/".join(rooted.parts[:-1])
        raise Refusal(f"there is no folder '{missing}' below {shown(rooted.root)}; make it first") from None
    try:
        yield folder
    finally:
        os.close(folder)


def _enter(rooted: RootedPath) -> int:
    """Raises FileNotFoundError."""
    folder = os.open(rooted.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for depth, part in enumerate(rooted.parts[:-1], 1):
            inner = _step(folder, part, "/".join(rooted.parts[:depth]))
            os.close(folder)
            folder = inner
    except BaseException:
        os.close(folder)
        raise
    return folder


def _step(folder: int, part: str, name: str) -> int:
    try:
        return os.open(part, FOLDER, dir_fd=folder)
    except NotADirectoryError:
        kind = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
        raise Refusal(f"'{name}' is {KINDS.get(stat.S_IFMT(kind), 'no folder')}") from None
    except OSError as error:
        _refuse(error, name)


def _check_free(folder: int, rooted: RootedPath) -> None:
    """Raises Refusal when something other than a file has the name."""
    try:
        _check_kind(rooted.name, os.stat(rooted.file, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return
    except OSError as error:
        _refuse(error, rooted.name)


def _check_kind(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Refusal(f"'{name}' is {KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}; name a plain file")


def _refuse(error: OSError, name: str) -> NoReturn:
    if error.errno == errno.ENAMETOOLONG:
        raise Refusal(f"'{name[:40]}…' is longer than a name of a file can be") from None
    if error.errno == errno.ELOOP:  # it became a link since it was looked at
        raise Refusal(f"'{name}' is {KINDS[stat.S_IFLNK]}") from None
    if isinstance(error, PermissionError):
        raise Refusal(f"'{name}' can't be opened: the worker has no permission for it") from None
    raise error


def _missing(rooted: RootedPath) -> NoReturn:
    from difflib import get_close_matches

    uploaded = rooted._replace(parts=(UPLOADS, rooted.file))
    others = {name: near.sibling(name) for near in (rooted, uploaded) for name in _names_beside(near)}
    near = get_close_matches(rooted.file, others, 1)
    advice = f"did you mean {others[near[0]].name}?" if near else "put it there, upload it, or set file_roots"
    raise Refusal(f"there is no file '{rooted.name}' below {shown(rooted.root)}; {advice}")


def _names_beside(rooted: RootedPath) -> list[str]:
    with contextlib.suppress(OSError, Refusal), _folder_of(rooted) as folder:
        return os.listdir(folder)[:1000]
    return []
