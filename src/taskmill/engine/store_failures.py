"""What the log of a worker says of a store that fails: one line a minute, whoever meets it, and one when it is over."""

import logging
import time

from taskmill.core.errors import StoreError

logger = logging.getLogger(__name__)
REPEAT = 60.0
"""Seconds."""


class StoreFailures:
    """Of one process. Its duties and its claims find the same fault many times a second."""

    def __init__(self) -> None:
        self._failing: set[str] = set()
        self._said: dict[str, float] = {}

    def failed(self, who: str, error: StoreError) -> None:
        now, text = time.monotonic(), str(error)
        self._failing.add(who)
        if now - self._said.get(text, -REPEAT) >= REPEAT:
            self._said[text] = now
            hint = f"; {error.hint}" if error.hint else ""
            logger.warning("the store fails, trying again (%s): %s%s", who, text, hint)

    def fine(self, who: str) -> None:
        if who in self._failing:
            self._failing.discard(who)
            if not self._failing:
                self._said.clear()
                logger.warning("the store works again")


store_failures = StoreFailures()
