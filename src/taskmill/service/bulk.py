"""One action on every task that matches a filter."""

from collections.abc import Awaitable, Callable, Sequence

from taskmill.core.errors import InvalidRequest
from taskmill.core.state import State
from taskmill.engine.client.control import Verdict, matching
from taskmill.engine.notifier import Notifier
from taskmill.service.filters import to_filter
from taskmill.service.views import Bulk, BulkResult, Refused
from taskmill.stores.contract import Filter

LIMIT = 10_000_000
REFUSED_SHOWN = 100
Control = Callable[[Notifier, Sequence[str]], Awaitable[list[Verdict]]]


async def act(notifier: Notifier, control: Control, where: Bulk, states: tuple[State, ...]) -> BulkResult:
    """`states` are those acted on when the filter gives none. Page by page: each page is stored before the next."""
    filter = to_filter(where)
    if filter == Filter() and not where.all:
        raise InvalidRequest("the filter is empty, which would match every task", hint='send "all": true to mean it')
    filter = filter if filter.states else filter._replace(states=states)
    if where.dry_run:
        return BulkResult(matched=await notifier.store.count(filter, LIMIT), done=0, dry_run=True, refused=[])
    result = BulkResult(matched=0, done=0, dry_run=False, refused=[])
    async for ids in matching(notifier.store, filter, LIMIT):
        _count(result, await control(notifier, ids))
    return result


def _count(result: BulkResult, verdicts: Sequence[Verdict]) -> None:
    refused = [Refused(id=verdict.id, reason=verdict.reason) for verdict in verdicts if not verdict.done]
    result.matched += len(verdicts)
    result.done += len(verdicts) - len(refused)
    result.refused.extend(refused[: REFUSED_SHOWN - len(result.refused)])
