"""One host on each pairing of a store with a broker and a live feed, and clients of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from taskmill import App
from tests.chaos.host import Host
from tests.chaos.running import until
from tests.pairs.app import make
from tests.servers.session import Servers

PAIRINGS = {
    "sqlite": {"store": "sqlite"},
    "postgres": {"store": "any_postgres"},
    "postgres+rabbitmq": {"store": "any_postgres", "broker": "any_rabbitmq", "feed": "any_rabbitmq"},
    "postgres+redis": {"store": "any_postgres", "broker": "any_redis", "feed": "any_redis"},
}
SLOTS = 2
WORKERS = 2


@pytest.fixture(scope="module", params=PAIRINGS)
def urls(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    components: dict[str, str] = PAIRINGS[request.param]
    with ExitStack() as stack:
        fresh = {
            kind: stack.enter_context(getattr(servers, kind).fresh()) for kind in {*components.values()} - {"sqlite"}
        }
        file = f"sqlite:///{tmp_path_factory.mktemp('store')}/tasks.db"
        yield {name: fresh.get(kind, file) for name, kind in components.items()}


@pytest.fixture(scope="module")
def host(urls: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    settings = {"workers": WORKERS, "slots": SLOTS, "lease": 3}
    host = Host(tmp_path_factory.mktemp("host"), "tests.pairs.app:app", urls, settings)
    host.start()
    try:
        until(host.is_up, 30, "it is up")
        yield host
        assert host.stop() == 0
    finally:
        host.kill()


@pytest.fixture(scope="module")
def app(host: Host, urls: dict[str, str]) -> Iterator[App]:
    app = make(**urls)
    yield app
    app.close()


@pytest.fixture
async def here(host: Host, urls: dict[str, str]) -> AsyncIterator[App]:
    """For an event loop."""
    app = make(**urls)
    yield app
    await app.aclose()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.touch()
    return path
