"""A store that fails when a test says so, for tests of what works on stores."""

from collections.abc import Callable, Collection
from typing import Any

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.stores.contract import Store

Fault = Callable[[str], StoreError | None]
"""Asked with a verb's name at each call: the error to raise, if any."""


class Faulty:
    """Goes between a store and whoever uses it, with the same verbs.

    >>> store = Faulty(MemoryStore())
    >>> store.before = down()             # every verb raises StoreUnavailable, and nothing is done
    >>> store.after = down("turn")        # the work is done, but its answer is lost
    >>> store.before = store.after = never

    The bell rings as ever: it is best effort, and no part of a failure.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.bell = store.bell
        self.before: Fault = never
        self.after: Fault = never
        self.calls: list[str] = []
        """The verbs in the order of their calls."""

    def __getattr__(self, verb: str) -> Any:
        work = getattr(self._store, verb)

        async def call(*values: Any, **named: Any) -> Any:
            self.calls.append(verb)
            _raise(self.before(verb))
            answer = await work(*values, **named)
            _raise(self.after(verb))
            return answer

        return call


def never(_: str) -> StoreError | None:
    return None


def down(*verbs: str, error: StoreError | None = None) -> Fault:
    """These verbs (all, if none is named) raise `error`; StoreUnavailable unless given."""
    return lambda verb: (error or StoreUnavailable("the store is down")) if _meant(verb, verbs) else None


def once(*verbs: str) -> Fault:
    """The next call of each of these verbs raises StoreUnavailable."""
    left = set(verbs)

    def fault(verb: str) -> StoreError | None:
        if verb not in left:
            return None
        left.remove(verb)
        return StoreUnavailable("the store is down")

    return fault


def _meant(verb: str, verbs: Collection[str]) -> bool:
    return not verbs or verb in verbs


def _raise(error: StoreError | None) -> None:
    if error is not None:
        raise error
