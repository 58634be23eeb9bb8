import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, TimeoutError

from tests.servers import RedisServer
from tests.servers.redis import ExternalRedis

pytestmark = pytest.mark.slow


def test_a_fresh_database_is_empty_and_gone_afterwards(redis: RedisServer) -> None:
    with redis.fresh() as one, redis.fresh() as other:
        with Redis.from_url(one) as client:
            client.set("a", 1)
        with Redis.from_url(other) as client:
            assert client.dbsize() == 0
    with Redis.from_url(one) as client:
        assert client.dbsize() == 0


@pytest.mark.parametrize("appendonly", [True, False])
def test_a_restart_keeps_data_when_it_is_to(appendonly: bool) -> None:
    with RedisServer(appendonly=appendonly) as server, Redis.from_url(server.url) as client:
        client.set("a", 1)
        server.restart()
        assert client.exists("a") == appendonly
        server.wipe()
        server.start()
        assert client.exists("a") == 0


def test_a_password() -> None:
    with RedisServer(password="not told") as server:
        with Redis.from_url(f"redis://127.0.0.1:{server.port}") as client, pytest.raises(AuthenticationError):
            client.ping()
        with Redis.from_url(server.url) as client:
            assert client.ping()


def test_a_frozen_server_takes_connections_and_says_nothing(redis: RedisServer) -> None:
    redis.pause()
    with Redis.from_url(redis.url, socket_timeout=0.1, retry=None) as client:
        with pytest.raises(TimeoutError):
            client.ping()
        redis.resume()
        assert client.ping()


def test_a_given_database_with_keys_in_it_is_not_touched(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as client:
        client.flushdb()  # other tests may have left keys that end by themselves
        client.set("somebody's", 1)
        with pytest.raises(RuntimeError, match="name an empty one"):
            ExternalRedis(redis.url)
        assert client.getdel("somebody's")
    with ExternalRedis(redis.url).fresh() as url:
        assert url == redis.url
