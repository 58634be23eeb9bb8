"""Files and folders that their owner alone may open, whatever the umask: they hold what callers entrust to tasks."""

import contextlib
import os
import stat
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
OTHERS = 0o077


def make_private_folder(folder: Path) -> None:
    """With the folders above it that are missing. One that is there already stays as it is. Raises OSError."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        with contextlib.suppress(FileExistsError):
            missing.mkdir(FOLDER)
    folder.mkdir(FOLDER, exist_ok=True)  # which refuses what is there and no folder


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """For `open(…, opener=open_private)`. Raises OSError."""
    return os.open(path, flags, FILE)


def exposed(path: Path) -> bool:
    """Whether others than its owner may do anything with it; False if there is nothing."""
    with contextlib.suppress(OSError):
        return bool(stat.S_IMODE(path.stat().st_mode) & OTHERS)
    return False
