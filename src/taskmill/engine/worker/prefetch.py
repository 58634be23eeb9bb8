"""How many tasks to claim: short ones in batches, long ones only for slots that are free."""

HORIZON = 0.02
"""Seconds of work to hold beyond the free slots."""
MOST = 500
"""Claims held at most beyond the free slots."""
WEIGHT = 0.2


class AdaptivePrefetch:
    """A moving average of how long an attempt keeps its slot."""

    def __init__(self) -> None:
        self._seconds = HORIZON

    def note(self, seconds: float) -> None:
        self._seconds += WEIGHT * (seconds - self._seconds)

    def ahead(self, slots: int) -> int:
        """Tasks that `slots` are expected to finish within the horizon."""
        return min(MOST, int(slots * HORIZON / max(self._seconds, 1e-6)))

    def note_delay(self, seconds: float) -> None:
        """Claims had to wait for a slot so long: they were not short after all."""
        self._seconds = max(self._seconds, seconds)
