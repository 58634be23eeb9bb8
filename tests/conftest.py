"""Real servers for any test: `postgres_url`, `amqp_url` and `redis_url` are fresh, empty, and gone after the test.

`postgres`, `rabbitmq` and `redis` are servers of our own to be killed, frozen and wiped; they are mended afterwards.
For fixtures of a wider scope: `with any_postgres.fresh() as url`, and likewise `any_rabbitmq`, `any_redis`.

With `pytest -n auto` files run side by side. What is fresh then comes from one PostgreSQL and one RabbitMQ for all, and
the files that harm a RabbitMQ stay together, so that one more of it is enough.
"""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers import PostgresServer, Provisioner, RabbitmqServer, RedisServer
from tests.servers.session import Servers

SERVERS = pytest.StashKey[Servers]()
SHARED = pytest.StashKey[dict[str, Any]]()
HARM_RABBITMQ = {
    "tests/brokers/test_faults.py",
    "tests/brokers/test_rabbitmq.py",
    "tests/feeds/test_rabbitmq_faults.py",
    "tests/servers_tests/test_rabbitmq.py",
}
"""Files with tests that take the fixture `rabbitmq`."""
LONGEST = {"tests/chaos/test_crash.py", "tests/examples/test_install.py", "tests/examples/test_wheel.py"}
"""Files that take most of a minute or more."""
PARSING = "tests/architecture/"
"""Its files have one parsed tree of the sources in common."""


def pytest_configure(config: pytest.Config) -> None:
    # A shell has its background jobs ignore Ctrl-C, and so would the programs that tests press it on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[SERVERS] = Servers(getattr(config, "workerinput", {}).get("servers"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Runs once for each process of pytest-xdist, in the one that starts them."""
    stash = node.config.stash
    node.workerinput["servers"] = stash.setdefault(SHARED, stash.get(SHARED, None) or stash[SERVERS].share())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for processes and servers."""
    return min((os.cpu_count() or 1) + 1, 8)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files go to the processes whole, in the order in which they were collected. (pytest 9 does not show the groups of
    `--dist loadgroup` to pytest-xdist 3.8.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "rabbitmq" if file in HARM_RABBITMQ else PARSING if file.startswith(PARSING) else file

    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, slow files begin first, so that none is alone at the end."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        files = {item: item.nodeid.partition("::")[0] for item in items}
        items.sort(key=lambda item: (files[item] not in LONGEST | HARM_RABBITMQ, item.path not in slow))


def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    if not config.option.collectonly and not hasattr(config, "workerinput"):
        names = {name for item in session.items for name in getattr(item, "fixturenames", ())}
        config.stash[SERVERS].prepare(names)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[SERVERS].close()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    return pytestconfig.stash[SERVERS]


@pytest.fixture(scope="session")
def any_postgres(servers: Servers) -> Provisioner:
    return servers.any_postgres


@pytest.fixture(scope="session")
def any_rabbitmq(servers: Servers) -> Provisioner:
    return servers.any_rabbitmq


@pytest.fixture(scope="session")
def any_redis(servers: Servers) -> Provisioner:
    return servers.any_redis


@pytest.fixture
def postgres_url(any_postgres: Provisioner) -> Iterator[str]:
    with any_postgres.fresh() as url:
        yield url


@pytest.fixture
def amqp_url(any_rabbitmq: Provisioner) -> Iterator[str]:
    with any_rabbitmq.fresh() as url:
        yield url


@pytest.fixture
def redis_url(any_redis: Provisioner) -> Iterator[str]:
    with any_redis.fresh() as url:
        yield url


@pytest.fixture
def postgres(servers: Servers) -> Iterator[PostgresServer]:
    yield servers.postgres
    servers.postgres.mend()


@pytest.fixture
def rabbitmq(request: pytest.FixtureRequest, servers: Servers) -> Iterator[RabbitmqServer]:
    file = request.node.nodeid.partition("::")[0]
    assert file in HARM_RABBITMQ, f"name {file} in HARM_RABBITMQ of tests/conftest.py"
    yield servers.rabbitmq
    servers.rabbitmq.mend()


@pytest.fixture
def redis(servers: Servers) -> Iterator[RedisServer]:
    yield servers.redis
    servers.redis.mend()
