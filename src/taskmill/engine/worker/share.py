"""How many attempts get a process of their own at once: as a rule one for each core.

What finds no free process is not claimed, so that another machine may have it, and other task types go on meanwhile.
"""

from collections.abc import Mapping, Sequence

from taskmill.engine.worker.run import Run
from taskmill.executors.contract import Handler
from taskmill.stores.contract import ClaimQuery


class ProcessShare:
    def __init__(self, limit: int, handlers: Mapping[str, Handler]) -> None:
        """`limit`: attempts at once. A suspect of another task type is not counted: it would be given back for ever."""
        self._limit = limit
        self._heavy = frozenset(name for name, handler in handlers.items() if handler.executor == "processes")
        self._light = frozenset(handlers) - self._heavy
        self._claimed: set[Run] = set()
        self._crowded = False
        """Whether more of them were ready than there was room for."""
        self._asked_heavy = False

    @property
    def shut(self) -> bool:
        """Whether nothing at all can be claimed."""
        return not self._light and len(self._claimed) >= self._limit

    def narrowed(self, query: ClaimQuery | None) -> ClaimQuery | None:
        """What to claim instead: once a claim brought too many, those are claimed on their own, as many as fit, and
        the others in turns with them."""
        room = self._limit - len(self._claimed)
        if query is None or not (self._crowded or room <= 0):
            return query
        self._asked_heavy = room > 0 and not (self._asked_heavy and self._light)
        if self._asked_heavy:
            return query._replace(limit=min(query.limit, room), task_types=self._heavy)
        return query._replace(task_types=self._light)

    def look_again(self, query: ClaimQuery, claims: int) -> bool:
        """Whether there may be ready tasks that this query left out, and that could run now."""
        if query.task_types is self._heavy:
            self._crowded = claims >= query.limit
            return True
        return query.task_types is self._light and len(self._claimed) < self._limit

    def take(self, runs: Sequence[Run]) -> tuple[list[Run], list[Run]]:
        """Those that may run, and those that must be given back."""
        fitting: list[Run] = []
        excess: list[Run] = []
        for run in runs:
            if run.task.task_type not in self._heavy:
                fitting.append(run)
            elif len(self._claimed) < self._limit:
                self._claimed.add(run)
                fitting.append(run)
            else:
                excess.append(run)
        self._crowded = bool(excess) or self._crowded
        return fitting, excess

    def free(self, run: Run) -> bool:
        """Whether there is room again for what was left out."""
        counted = run in self._claimed
        self._claimed.discard(run)
        return counted
