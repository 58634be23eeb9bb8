"""The servers of one test process: each is started when it is first asked for, and all end with the process."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from functools import cached_property
from typing import Any

from tests.servers.base import Provisioner
from tests.servers.postgres import ExternalPostgres, PostgresServer
from tests.servers.rabbitmq import ExternalRabbitmq, RabbitmqNode, RabbitmqServer
from tests.servers.redis import ExternalRedis, RedisServer

CONNECTIONS = 300
"""Of a PostgreSQL that several test processes share."""


class Servers:
    """`postgres`, `rabbitmq`, `redis`: our own, to be killed at will. `any_…`: one that no test may harm.

    The latter is the external server where its URL is set, the one that the starting process shares (`shared`: what
    its `share()` gave), or else our own. Redis starts in 10 ms and has no databases to spare: it is never shared.
    """

    def __init__(self, shared: Mapping[str, Any] | None = None) -> None:
        self._stack = ExitStack()
        self._shared = shared

    def share(self) -> dict[str, Any]:
        """What the test processes that this one starts pass to their `Servers`."""
        shared: dict[str, Any] = {}
        if "TEST_AMQP_URL" not in os.environ:
            shared["rabbitmq"] = asdict(self._rabbitmq.node)
        if "TEST_POSTGRES_URL" not in os.environ:
            shared["postgres"] = self._shared_postgres.url
        return shared

    @cached_property
    def postgres(self) -> PostgresServer:
        return self._stack.enter_context(PostgresServer())

    @cached_property
    def _shared_postgres(self) -> PostgresServer:
        return self._stack.enter_context(PostgresServer(max_connections=CONNECTIONS))

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
    def any_postgres(self) -> Provisioner:
        url = os.environ.get("TEST_POSTGRES_URL") or (self._shared or {}).get("postgres")
        if not url:
            return self.postgres
        external = ExternalPostgres(url)
        self._stack.callback(external.close)
        return external

    @cached_property
    def any_rabbitmq(self) -> Provisioner:
        url = os.environ.get("TEST_AMQP_URL")
        if url:
            return ExternalRabbitmq(url, os.environ.get("TEST_AMQP_API_URL"))
        if self._shared is None:
            return self.rabbitmq
        node = RabbitmqNode(**self._shared["rabbitmq"])
        node.await_ready()
        return node

    @cached_property
    def any_redis(self) -> Provisioner:
        url = os.environ.get("TEST_REDIS_URL")
        return ExternalRedis(url) if url else self.redis

    def prepare(self, fixtures: set[str]) -> None:
        """Begin what takes seconds, if a test with one of these fixtures will need it."""
        shared = self._shared is not None or "TEST_AMQP_URL" in os.environ
        if "rabbitmq" in fixtures or (fixtures & {"amqp_url", "any_rabbitmq"} and not shared):
            self._rabbitmq  # noqa: B018

    def close(self) -> None:
        self._stack.close()
