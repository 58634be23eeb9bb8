"""A new folder below a root, which takes its name once all that belongs into it is there."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from taskmill.catalogue.files.paths import RootedPath
from taskmill.catalogue.files.safe_files import FOLDER, MODE, folder_to_write_in
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.tidy import noted

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
UNFIT = {
    errno.EEXIST: "there are two of that name",
    errno.ENOTDIR: "there is a file where its folder should be",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "there is a link in its place",
}


class NewFolder:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @contextlib.contextmanager
    def file(self, parts: Sequence[str]) -> Iterator[BinaryIO]:
        """A new file in it, with the folders on the way. Raises Refusal where there can be none of that name."""
        try:
            descriptor = self._make(parts)
        except OSError as error:
            if error.errno not in UNFIT:
                raise
            raise Refusal(f"'{'/'.join(parts)[:200]}' can't be made: {UNFIT[error.errno]}") from None
        with os.fdopen(descriptor, "wb") as file:
            yield file

    def _make(self, parts: Sequence[str]) -> int:
        folder = os.dup(self._descriptor)
        try:
            for part in parts[:-1]:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=folder)
                inner = os.open(part, FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            return os.open(parts[-1], NEW_FILE, MODE, dir_fd=folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def new_folder(rooted: RootedPath, task_id: str) -> Iterator[NewFolder]:
    """Until the block ends well, its name is a hidden one of the task's own; a killed attempt's is removed."""
    with folder_to_write_in(rooted) as parent:
        if rooted.file in os.listdir(parent):
            raise Refusal(f"there is a '{rooted.name}' already; name another folder as `output`")
        part = f".{task_id}.part"
        shutil.rmtree(part, ignore_errors=True, dir_fd=parent)
        with noted(rooted.sibling(part).path):
            os.mkdir(part, dir_fd=parent)
            try:
                with _opened(part, parent) as descriptor:
                    yield NewFolder(descriptor)
                os.rename(part, rooted.file, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True, dir_fd=parent)
                raise


@contextlib.contextmanager
def _opened(part: str, parent: int) -> Iterator[int]:
    descriptor = os.open(part, FOLDER, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
