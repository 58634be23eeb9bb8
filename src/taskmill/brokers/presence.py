"""Tells once that a broker went away, and once that it is back."""

import logging

logger = logging.getLogger(__name__)


class Presence:
    def __init__(self, place: str) -> None:
        self._place = place
        self._away = False

    def away(self, why: object) -> None:
        if not self._away:
            self._away = True
            logger.warning("the broker %s is away, tasks run all the same, but start later: %s", self._place, why)

    def back(self) -> None:
        if self._away:
            self._away = False
            logger.warning("the broker %s is back", self._place)
