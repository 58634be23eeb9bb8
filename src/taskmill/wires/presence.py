"""Tells once that a server went away, and once that it is back."""

import logging

logger = logging.getLogger(__name__)


class Presence:
    def __init__(self, what: str, cost: str) -> None:
        """`what`: which server, without secrets; `cost`: what is worse while it is away."""
        self._what = what
        self._cost = cost
        self._away = False

    def away(self, why: object) -> None:
        if not self._away:
            self._away = True
            logger.warning("%s is away, %s: %s", self._what, self._cost, why)

    def back(self) -> None:
        if self._away:
            self._away = False
            logger.warning("%s is back", self._what)
