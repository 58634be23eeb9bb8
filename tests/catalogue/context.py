"""A context that somebody cancels midway."""

from tests.catalogue.attempt import Watcher


class RecordingContext(Watcher):
    def __init__(self, cancel_at: float = 2.0) -> None:
        """`cancel_at`: the progress at which somebody cancels the task."""
        super().__init__()
        self.notes: list[str] = []
        self._cancel_at = cancel_at

    def _on_progress(self, fraction: float, note: str) -> None:
        super()._on_progress(fraction, note)
        self.notes.append(note)
        if fraction >= self._cancel_at:
            self.request_stop()
