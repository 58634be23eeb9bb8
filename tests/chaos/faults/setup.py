"""Where a course runs: a store, a broker and a feed on real servers, and a link of each host to each of them."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.chaos.faults.audit import Audit, PostgresAudit, SqliteAudit
from tests.servers import Proxy
from tests.servers.session import Servers

PAIRINGS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {"store": "sqlite"},
    "postgres": {"store": "postgres"},
    "postgres+rabbitmq": {"store": "postgres", "broker": "rabbitmq", "feed": "redis"},
    "postgres+redis": {"store": "postgres", "broker": "redis", "feed": "redis"},
}
"""Which kind of server each component is on."""
HOSTS = 2


class CourseSetup:
    """Fresh, and gone at the end of the stack."""

    def __init__(self, pairing: str, servers: Servers, directory: Path, stack: ExitStack) -> None:
        self.components = PAIRINGS[pairing]
        self.kinds = sorted({*self.components.values()} - {"sqlite"})
        self.servers = servers
        self._file = directory / "store.db"
        self.fresh = {kind: stack.enter_context(getattr(servers, kind).fresh()) for kind in self.kinds}
        self.links: list[dict[str, Proxy]] = [
            {kind: stack.enter_context(Proxy(url)) for kind, url in self.fresh.items()} for _ in range(HOSTS)
        ]

    def urls(self, host: int) -> dict[str, str]:
        links = self.links[host]
        return {
            name: f"sqlite:///{self._file}" if kind == "sqlite" else links[kind].url
            for name, kind in self.components.items()
        }

    def audit(self) -> Audit:
        return PostgresAudit(self.fresh["postgres"]) if "postgres" in self.fresh else SqliteAudit(self._file)

    @property
    def vhost(self) -> str:
        return str(urlsplit(self.fresh["rabbitmq"]).path[1:])


class Length(NamedTuple):
    """Of a course. Seconds."""

    accidents: int
    apart: float
    rabbitmq_away: float
    half_open: float


SHORT = Length(3, 2.5, 5.0, 3.0)
LONG = Length(5, 3.5, 30.0, 8.0)


class Plan(NamedTuple):
    seed: int
    pairing: str
    length: Length
    accidents: tuple[str, ...] = ()
    """By name; else they are drawn."""
