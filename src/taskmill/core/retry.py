"""When to try again: fixed, linear or exponential delays, with a cap and jitter."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Literal, get_args

from taskmill.core.errors import InvalidRequest
from taskmill.core.limits import TEN_YEARS
from taskmill.core.task import SECOND

Growth = Literal["fixed", "linear", "exponential"]
Jitter = Literal["none", "full", "equal"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays in seconds.

    Jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): `full` picks between 0 and the
    delay, `equal` between half of it and all of it.
    """

    growth: Growth = "exponential"
    base: float = 1.0
    cap: float = 3600.0
    jitter: Jitter = "equal"
    give_up_on: tuple[str, ...] = ()
    """Exception names (`ValueError`, `app.errors.Refused`), subclasses included, that are not retried."""

    def __post_init__(self) -> None:
        if self.growth not in get_args(Growth):
            raise InvalidRequest(f"retry growth {self.growth!r} is not one of {', '.join(get_args(Growth))}")
        if self.jitter not in get_args(Jitter):
            raise InvalidRequest(f"retry jitter {self.jitter!r} is not one of {', '.join(get_args(Jitter))}")
        if not (0 <= self.base <= TEN_YEARS and 0 <= self.cap <= TEN_YEARS):
            raise InvalidRequest("retry base and cap are seconds, from 0 to ten years")

    def delay(self, attempt: int, chance: float) -> int:
        """Microseconds to wait after the given attempt (1 is the first). `chance` is in [0, 1)."""
        return round(self._spread(min(self._grown(attempt), self.cap), chance) * SECOND)

    def gives_up_on(self, kinds: Collection[str]) -> bool:
        """Whether an exception with these class names (its own and its bases') is final."""
        return not set(self.give_up_on).isdisjoint(kinds)

    def _grown(self, attempt: int) -> float:
        if self.growth == "fixed":
            return self.base
        if self.growth == "linear":
            return self.base * attempt
        return self.base * 2.0 ** min(attempt - 1, 64)

    def _spread(self, delay: float, chance: float) -> float:
        if self.jitter == "full":
            return delay * chance
        return delay * (0.5 + chance / 2) if self.jitter == "equal" else delay

    def to_json(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value != getattr(DEFAULT, name)})

    @classmethod
    def from_json(cls, text: str | None) -> "RetryPolicy":
        if text is None:
            return DEFAULT
        known = {field.name for field in fields(cls)}
        stored = {name: value for name, value in json.loads(text).items() if name in known}
        return cls(**stored | {"give_up_on": tuple(stored.get("give_up_on", ()))})


DEFAULT = RetryPolicy()
