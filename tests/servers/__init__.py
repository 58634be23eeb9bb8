"""Real servers, private to whoever starts them.

In a test take a fixture of tests/conftest.py; elsewhere: `with PostgresServer(fsync=True) as server: … server.url`.
"""

from tests.servers.base import Provisioner, Server
from tests.servers.postgres import PostgresServer
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import RabbitmqServer
from tests.servers.redis import RedisServer

__all__ = ["PostgresServer", "Provisioner", "Proxy", "RabbitmqServer", "RedisServer", "Server"]
