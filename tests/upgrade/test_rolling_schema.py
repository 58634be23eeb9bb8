"""A server and workers of one schema go on while another Taskmill brings the schema up to date under them.

The running host knows the migrations that are there. The newer Taskmill has the same ones and one more: every kind of
change that a release may make.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from taskmill import App, State
from taskmill.core.errors import SchemaTooNew
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
from taskmill.stores.postgres import schema as postgres_schema
from taskmill.stores.sqlite import schema as sqlite_schema
from tests.chaos.host import Host
from tests.chaos.running import until
from tests.upgrade.apps import make

pytestmark = pytest.mark.slow
POSTGRES = """
ALTER TABLE taskmill.task ADD COLUMN parents bigint NOT NULL DEFAULT 0;
ALTER TABLE taskmill.task ADD COLUMN flow text;
ALTER TABLE taskmill.worker ADD COLUMN zone text;
CREATE INDEX task_by_flow ON taskmill.task (flow, seq) WHERE flow IS NOT NULL;
CREATE TABLE taskmill.flow (id text PRIMARY KEY, created_at bigint NOT NULL);
DROP VIEW taskmill.task_view;
CREATE VIEW taskmill.task_view AS SELECT id, state, flow FROM taskmill.task;
"""
SQLITE = """
ALTER TABLE task ADD COLUMN parents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN flow TEXT;
ALTER TABLE worker ADD COLUMN zone TEXT;
CREATE INDEX task_by_flow ON task (flow) WHERE flow IS NOT NULL;
CREATE TABLE flow (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT;
DROP VIEW task_view;
CREATE VIEW task_view AS SELECT id, state, flow FROM task;
"""


class Load:
    """Enqueues without a pause, by REST and Python, until it is stopped."""

    def __init__(self, app: App, url: str) -> None:
        self._app, self._url = app, url
        self._stop = threading.Event()
        self.ids: list[str] = []
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with httpx.Client(timeout=10) as http:
                for number in itertools.count():
                    if self._stop.is_set():
                        return
                    self.ids.append(self._app.tasks["greet"].enqueue(f"{number}").id)
                    body = {"task_type": "greet", "parameters": {"name": f"{number}"}}
                    answer = http.post(f"{self._url}/api/tasks", json=body)
                    self.ids.append(answer.raise_for_status().json()["id"])
        except BaseException as error:
            self.error = error

    def goes_on(self) -> None:
        """Some more were taken, and have ended."""
        first = len(self.ids)
        until(lambda: len(self.ids) > first + 20 or self.error is not None, 20, "more are enqueued")
        assert self.error is None
        for id in self.ids[first : first + 20]:
            assert self._app.handle(id).result(timeout=10)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, ModuleType, str]:
    """Its URL, where its migrations are, and the next one."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tasks.db", sqlite_schema, SQLITE
    return request.getfixturevalue("postgres_url"), postgres_schema, POSTGRES


@pytest.fixture
def host(store: tuple[str, ModuleType, str], tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path / "host", "tests.upgrade.apps:now", {"store": store[0]}, {"workers": 2})
    host.start()
    try:
        until(host.is_up, 30, "it is up")
        yield host
        if host.process.poll() is None:
            assert host.stop() == 0
    finally:
        host.kill()


def newer(module: ModuleType, step: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have what opens a store in this process be a newer Taskmill; call it for an older one again."""
    steps = module.steps()
    monkeypatch.setattr(module, "steps", lambda: [*steps, (steps[-1][0] + 1, step)])
    return lambda: monkeypatch.setattr(module, "steps", lambda: steps)


def test_a_running_host_goes_on_while_a_newer_one_migrates(
    store: tuple[str, ModuleType, str], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, module, step = store
    app = make(url, later=False)
    processes = {process.pid for process in host.workers() + host.servers()}
    with Load(app, host.url) as load:
        load.goes_on()
        older_again = newer(module, step, monkeypatch)
        newest = open_store(url)
        run(newest.open())
        load.goes_on()
    assert {run(newest.get(load.ids))[id].head.state for id in load.ids[-20:]} <= {"ready", "running", "succeeded"}
    assert all(app.handle(id).result(timeout=10) for id in load.ids)
    assert httpx.get(f"{host.url}/readyz", timeout=10).status_code == 200
    assert {process.pid for process in host.workers() + host.servers()} == processes
    older_again()
    with pytest.raises(SchemaTooNew):
        run(open_store(url).open())
    run(newest.close())
    app.close()


def test_an_older_host_that_must_start_a_worker_again_drains_and_ends(
    store: tuple[str, ModuleType, str], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't be started; what the other worker runs is not harmed, and the newer hosts take the rest."""
    url, module, step = store
    app = make(url, later=False)
    newer(module, step, monkeypatch)
    newest = open_store(url)
    run(newest.open())
    run(newest.close())
    slow = app.tasks["slow"].enqueue(1.5)
    until(lambda: slow.status() is State.RUNNING, 10, "it runs")
    owner = slow.refresh().head.lease_owner or ""
    [name] = [name for name in ("worker-1", "worker-2") if name not in owner]
    [other] = [worker for worker in host.workers() if name in worker.cmdline()]
    other.kill()
    assert host.process.wait(timeout=20) == 1
    assert "schema" in host.said()
    assert slow.status() is State.SUCCEEDED
    app.close()
