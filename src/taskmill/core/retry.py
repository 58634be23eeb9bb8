"""When to try again: fixed, linear or exponential delays, with a cap and jitter."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from taskmill.core import limits
from taskmill.core.errors import InvalidRequest
from taskmill.core.task import SECOND

Growth = Literal["fixed", "linear", "exponential"]
Jitter = Literal["none", "full", "equal"]
EXCEPTIONS = "must be exception classes or their names, as in (ValueError, 'app.errors.Refused')"


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
    give_up_on: str | type[BaseException] | Sequence[str | type[BaseException]] = ()
    """Exceptions that are not retried, subclasses included: classes, or their names (`ValueError`,
    `app.errors.Refused`). Kept as a tuple of names."""

    def __post_init__(self) -> None:
        if self.growth not in get_args(Growth):
            raise InvalidRequest(f"retry growth {self.growth!r} is not one of {', '.join(get_args(Growth))}")
        if self.jitter not in get_args(Jitter):
            raise InvalidRequest(f"retry jitter {self.jitter!r} is not one of {', '.join(get_args(Jitter))}")
        for name, seconds in (("base", self.base), ("cap", self.cap)):
            if wrong := limits.delay(seconds):
                raise InvalidRequest(f"retry {name} {seconds!r} {wrong}")
        given: Any = self.give_up_on
        if isinstance(given, str | type):
            given = (given,)
        elif not isinstance(given, list | tuple | set | frozenset):
            raise InvalidRequest(f"retry give_up_on {given!r} {EXCEPTIONS}")
        object.__setattr__(self, "give_up_on", tuple(_exception_name(one) for one in given))

    def delay(self, attempt: int, chance: float) -> int:
        """Microseconds to wait after the given attempt (1 is the first). `chance` is in [0, 1)."""
        return round(self._spread(min(self._grown(attempt), self.cap), chance) * SECOND)

    def gives_up_on(self, kinds: Collection[str]) -> bool:
        """Whether an exception with these class names (its own and its bases') is final."""
        names: Any = self.give_up_on
        return not set(names).isdisjoint(kinds)

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
        return cls(**stored)


def _exception_name(given: object) -> str:
    if isinstance(given, type) and issubclass(given, BaseException):
        # That of a program's own `__main__` has another module where a worker imports it.
        bare = given.__module__ in ("builtins", "__main__")
        return given.__qualname__ if bare else f"{given.__module__}.{given.__qualname__}"
    if (
        isinstance(given, str)
        and given
        and all(part.isidentifier() for part in given.replace("<locals>.", "").split("."))
    ):
        return given
    raise InvalidRequest(f"retry give_up_on holds {given!r}: it {EXCEPTIONS}")


DEFAULT = RetryPolicy()
