"""What is finished of a simulation, in a small file, so that an attempt goes on where the one before was killed."""

import os
from pathlib import Path

import msgspec

from taskmill.catalogue import settings
from taskmill.catalogue.simulation.moments import Moments
from taskmill.core.private_files import make_private_folder


class SavedState(msgspec.Struct):
    what: str
    """All parameters: a state is of use for the same ones only."""
    chunks: int
    moments: Moments


class Checkpoint:
    def __init__(self, task_id: str, what: str) -> None:
        self._path = settings.current().state / "simulation" / f"{task_id}.json"
        self._what = what

    def load(self) -> tuple[int, Moments]:
        """How many chunks are finished, and what they gave; nothing where there is no such state, or a broken one."""
        try:
            state = msgspec.json.decode(self._path.read_bytes(), type=SavedState)
        except (FileNotFoundError, msgspec.DecodeError):
            return 0, Moments()
        return (state.chunks, state.moments) if state.what == self._what else (0, Moments())

    def save(self, chunks: int, moments: Moments) -> None:
        """At once or not at all."""
        make_private_folder(self._path.parent)
        part = Path(f"{self._path}.{os.getpid()}.part")
        part.write_bytes(msgspec.json.encode(SavedState(self._what, chunks, moments)))
        part.replace(self._path)

    def remove(self) -> None:
        for path in (self._path, *self._path.parent.glob(f"{self._path.name}.*.part")):
            path.unlink(missing_ok=True)
