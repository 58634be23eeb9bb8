"""What killed attempts leave behind, and what was uploaded long ago: removed, so that nothing stays for ever.

An attempt that ends, also one that was cancelled, leaves nothing. One that was killed may leave a checkpoint, what it
put aside on disk, or a folder half unpacked; its next attempt goes on with those, or removes them. After a day nobody
needs them.
"""

import contextlib
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from taskmill.catalogue import settings
from taskmill.core.private_files import make_private_folder

log = logging.getLogger(__name__)

DAY = 86_400.0
STATES = ("simulation", "spill")
OF_A_TASK = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\..*)?")
"""Names that begin with the id of a task: nobody else's files are removed."""
PARTS = "parts"
"""In the state folder: each file there tells where something is being made below a root."""
UPLOADS = "uploads"
UPLOADS_MARK = ".taskmill"
"""A file in the folder of uploads, if it was made for them."""


def tidy() -> None:
    """Never raises."""
    configured, now = settings.current(), time.time()
    for name in STATES:
        _remove([path for path in _old(configured.state / name, now - DAY) if OF_A_TASK.fullmatch(path.name)])
    for note in _old(configured.state / PARTS, now - DAY):
        with _warned():
            part = Path(os.fsdecode(note.read_bytes()))
            _remove([part, note] if part.name == note.name else [note])
    if (configured.roots[0] / UPLOADS / UPLOADS_MARK).exists():
        _remove(_old(configured.roots[0] / UPLOADS, now - configured.retention_uploads))


@contextlib.contextmanager
def noted(part: Path) -> Iterator[None]:
    """A hidden file or folder that is being made; if this process is killed, `tidy` knows of it."""
    note = settings.current().state.absolute() / PARTS / part.name
    make_private_folder(note.parent)
    note.write_bytes(os.fsencode(part.absolute()))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def _old(folder: Path, before: float) -> list[Path]:
    """What changed last before that time; links are no folders."""
    with _warned(), contextlib.suppress(FileNotFoundError):
        if not folder.is_symlink():
            return [path for path in folder.iterdir() if path.name != UPLOADS_MARK and _changed(path) < before]
    return []


def _changed(path: Path) -> float:
    """Of a folder: the latest of what is in it as well."""
    with contextlib.suppress(FileNotFoundError):  # another process does the same
        inner = list(path.iterdir()) if path.is_dir() and not path.is_symlink() else []
        return max(one.lstat().st_mtime for one in [path, *inner])
    return time.time()


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with _warned():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def _warned() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("could not tidy up: %s", error)
