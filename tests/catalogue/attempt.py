"""A context as a handler gets it, which keeps what the handler says."""

from taskmill import Context
from taskmill.core.task import Spec

ID = "01a20141-1ce1-74ee-863d-81cddd5812ca"


class Watcher(Context):
    def __init__(self, task_type: str = "sleep", attempt: int = 1, id: str = ID) -> None:
        super().__init__(Spec(id, task_type, "default", "{}", 2, 1, None, None, None, None, 0), attempt)
        self.fractions: list[float] = []
        self.lines: list[str] = []

    def _on_progress(self, fraction: float, note: str) -> None:
        self.fractions.append(fraction)

    def _on_log(self, level: str, message: str) -> None:
        self.lines.append(message)
