"""Real servers for any test: `postgres_url`, `amqp_url` and `redis_url` are fresh, empty, and gone after the test.

`postgres`, `rabbitmq` and `redis` are servers of our own to be killed, frozen and wiped; they are mended afterwards.
For fixtures of a wider scope: `with any_postgres.fresh() as url`, and likewise `any_rabbitmq`, `any_redis`.
"""

import signal
from collections.abc import Iterator

import pytest

from tests.servers import Place, PostgresServer, RabbitmqServer, RedisServer
from tests.servers.session import Servers

SERVERS = pytest.StashKey[Servers]()


def pytest_configure(config: pytest.Config) -> None:
    # A shell has its background jobs ignore Ctrl-C, and so would the programs that tests press it on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[SERVERS] = Servers()


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        names = {name for item in session.items for name in getattr(item, "fixturenames", ())}
        session.config.stash[SERVERS].prepare(names)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[SERVERS].close()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    return pytestconfig.stash[SERVERS]


@pytest.fixture(scope="session")
def any_postgres(servers: Servers) -> Place:
    return servers.any_postgres


@pytest.fixture(scope="session")
def any_rabbitmq(servers: Servers) -> Place:
    return servers.any_rabbitmq


@pytest.fixture(scope="session")
def any_redis(servers: Servers) -> Place:
    return servers.any_redis


@pytest.fixture
def postgres_url(any_postgres: Place) -> Iterator[str]:
    with any_postgres.fresh() as url:
        yield url


@pytest.fixture
def amqp_url(any_rabbitmq: Place) -> Iterator[str]:
    with any_rabbitmq.fresh() as url:
        yield url


@pytest.fixture
def redis_url(any_redis: Place) -> Iterator[str]:
    with any_redis.fresh() as url:
        yield url


@pytest.fixture
def postgres(servers: Servers) -> Iterator[PostgresServer]:
    yield servers.postgres
    servers.postgres.mend()


@pytest.fixture
def rabbitmq(servers: Servers) -> Iterator[RabbitmqServer]:
    yield servers.rabbitmq
    servers.rabbitmq.mend()


@pytest.fixture
def redis(servers: Servers) -> Iterator[RedisServer]:
    yield servers.redis
    servers.redis.mend()
