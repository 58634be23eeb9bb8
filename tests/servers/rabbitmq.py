"""A private RabbitMQ node, and a vhost for each test."""

import base64
import contextlib
import itertools
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from tests.servers.base import HOST, Provisioner, Server, free_port
from tests.servers.packages import binary

Resource = Literal["memory", "disk"]

_numbers = itertools.count(1)

HEADER = b"AMQP\x00\x00\x09\x01"
WITH_EPMD = 'epmd & until epmd -names >/dev/null 2>&1; do sleep 0.01; done; exec "$0"'
"""The node's directory of names is a process of ours too: one that the node had to start would outlive it."""

CONFIG = """[
  {rabbit, [
    {tcp_listeners, [{"%(host)s", %(port)d}]},
    {loopback_users, []}
  ]},
  {rabbitmq_management, [{tcp_config, [{ip, "%(host)s"}, {port, %(api_port)d}]}]}
].
"""
"""In Erlang's own form: RabbitMQ takes half a second to read the other."""


@dataclass(frozen=True)
class RabbitmqNode(Provisioner):
    """A node that runs on this machine, whichever process started it. Its vhosts are made by expressions in Erlang."""

    port: int
    epmd_port: int
    home: str

    @property
    def name(self) -> str:
        return f"taskmill{self.port}@localhost"

    def url_of(self, vhost: str) -> str:
        return f"amqp://guest:guest@{HOST}:{self.port}/{vhost}"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        vhost = f"test-{os.getpid()}-{next(_numbers)}"
        self.add_vhost(vhost)
        try:
            yield self.url_of(vhost)
        finally:
            self.eval(f'rabbit_vhost:delete(<<"{vhost}">>, <<"tests">>).')

    def add_vhost(self, name: str) -> None:
        rights = '<<".*">>, <<".*">>, <<".*">>'
        self.eval(
            f'ok = rabbit_vhost:add(<<"{name}">>, <<"tests">>), ok = rabbit_auth_backend_internal:set_permissions('
            f'<<"guest">>, <<"{name}">>, {rights}, <<"tests">>).'
        )

    def eval(self, erlang: str) -> str:
        """Run an expression on the node; rabbitmqctl does the same, in a second."""
        # A name of its own: the node refuses a second caller of the same name, and all would be called c17.
        caller = f"caller{os.getpid()}n{next(_numbers)}"
        command = [binary("erl_call"), "-h", caller, "-sname", self.name, "-timeout", "30", "-e"]
        environment = self.environment()
        ran = subprocess.run(command, input=f"{erlang}\n", env=environment, capture_output=True, text=True, check=False)
        if ran.returncode or not ran.stdout.startswith("{ok,"):
            raise RuntimeError(f"{erlang}\n{ran.stdout}{ran.stderr}")
        return ran.stdout.removeprefix("{ok, ").removesuffix("}")

    def environment(self) -> dict[str, str]:
        """With which programs of Erlang find it."""
        return {
            **os.environ,
            "HOME": self.home,
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": HOST,
        }

    def answers(self) -> bool:
        """Raises OSError where nobody listens."""
        with socket.create_connection((HOST, self.port), timeout=2) as connection:
            connection.sendall(HEADER)
            return bool(connection.recv(1))

    def await_ready(self, timeout: float = 60.0) -> None:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                if self.answers():
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the shared RabbitMQ on port {self.port} does not answer")


class RabbitmqServer(Server):
    """Durable things survive SIGKILL. `management`: with its HTTP API, which costs half a second at the start."""

    name = "rabbitmq"

    def __init__(self, *, management: bool = False) -> None:
        super().__init__()
        self.node = RabbitmqNode(self.port, free_port(), str(self.directory))
        self.api_port = free_port()
        self._dist_port = free_port()
        self._plugins = "rabbitmq_management" if management else ""

    @property
    def url(self) -> str:
        """Its first vhost, `/`: the one that is there again after `wipe()`."""
        return self.node.url_of("%2F")

    def _command(self) -> list[str]:
        settings = {"host": HOST, "port": self.port, "api_port": self.api_port}
        (self.directory / "rabbitmq.config").write_text(CONFIG % settings)
        (self.directory / "enabled_plugins").write_text(f"[{self._plugins}].\n")
        return ["sh", "-c", WITH_EPMD, binary("rabbitmq-server")]

    def _environment(self) -> dict[str, str]:
        home = self.node.home
        return {
            **self.node.environment(),
            "RABBITMQ_NODENAME": self.node.name,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_BASE": home,
            "RABBITMQ_MNESIA_BASE": str(self.data),
            "RABBITMQ_LOG_BASE": home,
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.config",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # the script becomes the node, in place of waiting for it
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _answers(self) -> bool:
        return self.node.answers()

    @contextmanager
    def fresh(self) -> Iterator[str]:
        with self.node.fresh() as url:
            try:
                yield url
            finally:
                self.mend()

    def set_alarm(self, resource: Resource, on: bool) -> None:
        """As when memory or disk run out: the node takes nothing from publishers while it is on."""
        alarm = f"{{resource_limit, {resource}, node()}}"
        self.node.eval(
            f"ok = rabbit_alarm:set_alarm({{{alarm}, []}})." if on else f"ok = rabbit_alarm:clear_alarm({alarm})."
        )

    def settle(self) -> None:
        """What was declared is on the disk.

        RabbitMQ 3 writes down within a second which quorum queues it keeps. One that was declared in the last second
        before SIGKILL is still known afterwards, and answers nobody until it is deleted and declared again.
        """
        self.node.eval("[dets:sync(Table) || Table <- dets:all()].")

    def mend(self) -> None:
        super().mend()
        for resource in get_args(Resource):
            self.set_alarm(resource, False)


class ExternalRabbitmq(Provisioner):
    """A node that somebody else runs, with the management plugin: vhosts are made through its HTTP API."""

    def __init__(self, url: str, api: str | None = None) -> None:
        self._parts = urlsplit(url)
        self._api = api or f"http://{self._parts.hostname}:15672"
        self._user = unquote(self._parts.username or "guest")
        password = unquote(self._parts.password or "guest")
        self._key = base64.b64encode(f"{self._user}:{password}".encode()).decode()

    @contextmanager
    def fresh(self) -> Iterator[str]:
        vhost = f"test-{os.getpid()}-{next(_numbers)}"
        self._call("PUT", f"vhosts/{vhost}", {})
        self._call("PUT", f"permissions/{vhost}/{self._user}", {"configure": ".*", "write": ".*", "read": ".*"})
        try:
            yield self._parts._replace(path=f"/{vhost}").geturl()
        finally:
            self._call("DELETE", f"vhosts/{vhost}", {})

    def _call(self, method: str, path: str, body: dict[str, Any]) -> None:
        headers = {"Authorization": f"Basic {self._key}", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self._api}/api/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30):
            pass
