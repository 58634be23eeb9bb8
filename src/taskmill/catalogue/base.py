"""The app that holds the task types that ship with Taskmill. They are declared like anyone's own."""

from collections.abc import Sequence

from taskmill.catalogue.settings import check_on
from taskmill.engine.enqueue import Enqueued, Request
from taskmill.sdk.app import App
from taskmill.sdk.connection import Connection
from taskmill.sdk.mill import Place


class Door(Connection):
    """Takes no task of a type that is switched off."""

    def add(self, requests: Sequence[Request]) -> list[Enqueued]:
        _check(requests)
        return super().add(requests)

    async def aadd(self, requests: Sequence[Request]) -> list[Enqueued]:
        _check(requests)
        return await super().aadd(requests)


def _check(requests: Sequence[Request]) -> None:
    for request in requests:
        check_on(request.spec.task_type)


app = App()
app.connection = Door(Place(app.store, app.durability, app.broker, app.feed))
