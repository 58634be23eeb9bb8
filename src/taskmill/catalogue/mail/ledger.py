"""What is known of each mail: who of its recipients the server took it for. Kept on disk, by the task's id.

It is written before the server is asked to take the mail, and again when it has said so, each time so that it survives
a power cut. A later attempt reads it, and sends nothing to whom the server took it for.
"""

import contextlib
import os
import time
from pathlib import Path

import msgspec

from taskmill.core.private_files import make_private_folder, open_private

KEPT = 30 * 86_400
"""Seconds; older ones are deleted."""
PURGE_REST = 3600.0


class LedgerEntry(msgspec.Struct, omit_defaults=True):
    taken: dict[str, str] = {}
    """Recipient → what the server said."""
    refused: dict[str, str] = {}
    asked: list[str] = []
    """Recipients for whom the server was asked to take it, and whose answer is not known."""


class Ledger:
    def __init__(self, folder: Path, id: str) -> None:
        self._folder = folder
        self._path = folder / f"{id}.json"
        self.entry = self._read()

    def _read(self) -> LedgerEntry:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=LedgerEntry)
        except FileNotFoundError:
            return LedgerEntry()

    def write(self) -> None:
        """On disk when this returns."""
        if not self._path.exists():
            self._begin()
        part = self._path.with_suffix(f".{os.getpid()}.part")
        with open(part, "wb", opener=open_private) as file:
            file.write(msgspec.json.encode(self.entry))
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)

    def _begin(self) -> None:
        make_private_folder(self._folder)
        if time.monotonic() - _purged.get(self._folder, -PURGE_REST) >= PURGE_REST:
            _purged[self._folder] = time.monotonic()
            _purge(self._folder)


_purged: dict[Path, float] = {}
"""When this process looked for old entries last."""


def _purge(folder: Path) -> None:
    old = time.time() - KEPT
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):  # another process does the same
            if entry.stat().st_mtime < old:
                os.unlink(entry.path)
