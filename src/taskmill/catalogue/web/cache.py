"""Answers that are kept with their ETag, so that the server is asked whether they still hold."""

import contextlib
import os
from pathlib import Path

import msgspec

from taskmill.core.private_files import make_private_folder

KEPT = 1000
"""Answers of one provider; the oldest go first."""


class Kept(msgspec.Struct):
    etag: str
    body: bytes


class Cache:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Kept | None:
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.msgpack.decode(self._path(key).read_bytes(), type=Kept)
        return None

    def put(self, key: str, etag: str, body: bytes) -> None:
        make_private_folder(self._folder)
        self._make_room()
        path = self._path(key)
        part = path.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}.part")
        part.write_bytes(msgspec.msgpack.encode(Kept(etag, body)))
        part.rename(path)

    def _path(self, key: str) -> Path:
        from hashlib import sha256

        return self._folder / sha256(key.encode()).hexdigest()

    def _make_room(self) -> None:
        entries = list(os.scandir(self._folder))
        if len(entries) < KEPT:
            return
        with contextlib.suppress(FileNotFoundError):  # another process does the same
            for entry in sorted(entries, key=lambda entry: entry.stat().st_mtime)[: KEPT // 10]:
                os.unlink(entry.path)
