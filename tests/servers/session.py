"""The servers of one test session: each is started when it is first asked for, and all end with the session."""

import os
from contextlib import ExitStack
from functools import cached_property

from tests.servers.base import Place
from tests.servers.postgres import GivenPostgres, PostgresServer
from tests.servers.rabbitmq import GivenRabbitmq, RabbitmqServer
from tests.servers.redis import GivenRedis, RedisServer


class Servers:
    """`postgres`, `rabbitmq`, `redis`: our own, to be killed at will. `any_…`: the given one where its URL is set."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    @cached_property
    def postgres(self) -> PostgresServer:
        return self._stack.enter_context(PostgresServer())

    @cached_property
    def redis(self) -> RedisServer:
        return self._stack.enter_context(RedisServer())

    @cached_property
    def rabbitmq(self) -> RabbitmqServer:
        self._rabbitmq.await_ready()
        return self._rabbitmq

    @cached_property
    def _rabbitmq(self) -> RabbitmqServer:
        server = RabbitmqServer()
        self._stack.callback(server.close)
        server.launch()
        return server

    @cached_property
    def any_postgres(self) -> Place:
        url = os.environ.get("TEST_POSTGRES_URL")
        return GivenPostgres(url) if url else self.postgres

    @cached_property
    def any_rabbitmq(self) -> Place:
        url = os.environ.get("TEST_AMQP_URL")
        return GivenRabbitmq(url, os.environ.get("TEST_AMQP_API_URL")) if url else self.rabbitmq

    @cached_property
    def any_redis(self) -> Place:
        url = os.environ.get("TEST_REDIS_URL")
        return GivenRedis(url) if url else self.redis

    def prepare(self, fixtures: set[str]) -> None:
        """Begin what takes seconds, if a test with one of these fixtures will need it."""
        if "rabbitmq" in fixtures or (fixtures & {"amqp_url", "any_rabbitmq"} and "TEST_AMQP_URL" not in os.environ):
            self._rabbitmq  # noqa: B018

    def close(self) -> None:
        self._stack.close()
