"""A private Redis, and an empty database of it for each test."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import redis

from tests.servers.base import HOST, Provisioner, Server
from tests.servers.packages import binary

DATABASES = 64


class RedisServer(Server):
    """`appendonly`: keeps its data over a restart, as far as `appendfsync everysec` does. `password`: requirepass."""

    name = "redis"

    def __init__(self, *, appendonly: bool = False, password: str | None = None) -> None:
        super().__init__()
        self.password = password
        self._settings = {
            "bind": HOST,
            "port": str(self.port),
            "dir": str(self.data),
            "databases": str(DATABASES),
            "save": "",
            "appendonly": "yes" if appendonly else "no",
            **({"requirepass": password} if password else {}),
        }
        self._changed: dict[str, str] = {}
        """Settings as they were."""
        self._databases = itertools.cycle(range(1, DATABASES))

    @property
    def url(self) -> str:
        user = f":{self.password}@" if self.password else ""
        return f"redis://{user}{HOST}:{self.port}/0"

    def _command(self) -> list[str]:
        self.data.mkdir(exist_ok=True)
        settings = self.directory / "redis.conf"
        settings.write_text("".join(f'{name} "{value}"\n' for name, value in self._settings.items()))
        return [binary("redis-server"), str(settings)]

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, retry=None) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Another number each time: what a test leaves running does not write into the next test's database."""
        url = urlsplit(self.url)._replace(path=f"/{next(self._databases)}").geturl()
        flush(url)
        try:
            yield url
        finally:
            self.mend()
            flush(url)

    def configure(self, **settings: object) -> None:
        """Of the server that runs, until it is mended; with `_` for `-`."""
        with redis.Redis.from_url(self.url) as client:
            for name, value in ((name.replace("_", "-"), value) for name, value in settings.items()):
                self._changed = client.config_get(name) | self._changed
                client.config_set(name, str(value))

    def follow(self, primary: "RedisServer | None") -> None:
        """Become a replica, or with None a primary again. Connections stand."""
        with redis.Redis.from_url(self.url) as client:
            client.execute_command("REPLICAOF", *(("NO", "ONE") if primary is None else (HOST, primary.port)))

    def mend(self) -> None:
        self.resume()
        if self.running:
            self.follow(None)
        super().mend()
        self.configure(**self._changed)
        self._changed.clear()

    def flush(self) -> None:
        """Every database of it is empty, as after a restart without data."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


class ExternalRedis(Provisioner):
    """A server that somebody else runs. The database that the URL names is emptied, so it must be empty at first."""

    def __init__(self, url: str) -> None:
        self.url = url
        with redis.Redis.from_url(url) as client:
            if client.dbsize():
                raise RuntimeError("TEST_REDIS_URL names a database with keys in it; name an empty one: …:6379/15")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        flush(self.url)
        try:
            yield self.url
        finally:
            flush(self.url)


def flush(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.flushdb()
