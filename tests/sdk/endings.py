"""Ends a task as a worker would, through the store's own verbs."""

from taskmill.core import machine
from taskmill.core.outcome import Failure
from taskmill.core.task import SECOND, Decision, Head
from taskmill.sdk.app import App
from taskmill.sdk.sync import run
from taskmill.stores.contract import Beat, ClaimQuery, Store

FAR = 2**53


def succeed(app: App, id: str, result: str) -> None:
    claimed = _claim(app, id)
    _save(app, id, machine.succeed(claimed, result, claimed.started_at or 0))


def fail(app: App, id: str, failure: Failure) -> None:
    spec = run(_store(app).get([id]))[id].spec
    _save(app, id, machine.fail(spec, _claim(app, id), failure.to_json(), FAR, 0, final=True))


def start(app: App, id: str, progress: str | None = None) -> None:
    claimed = _claim(app, id)
    if progress:
        run(_store(app).extend("worker", [Beat(id, claimed.version, progress)], 60 * SECOND))


def _claim(app: App, id: str) -> Head:
    [claim] = run(_store(app).claim("worker", 60 * SECOND, ClaimQuery(1, ids=[id])))
    return claim.head


def _save(app: App, id: str, head: Head) -> None:
    assert run(_store(app).save([Decision(id, head)])) == []
    _store(app).bell.ring("final", [id])


def _store(app: App) -> Store:
    return app.clients.sync().store
