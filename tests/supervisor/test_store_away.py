"""A host whose store is away: its processes wait for it, and nothing has to be started by hand."""

from pathlib import Path

import httpx
import pytest

from tests.chaos.host import Host
from tests.chaos.running import until
from tests.servers import PostgresServer

APP = "tests.upgrade.apps:now"


def answers(host: Host) -> bool:
    try:
        return httpx.get(f"{host.url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.slow
def test_a_server_that_dies_while_the_store_is_away_comes_back_with_it(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.fresh() as url:
        host = Host(tmp_path / "host", APP, {"store": url}, {"workers": 1})
        host.start()
        try:
            until(host.is_up, 30, "it is up")
            [worker], [server] = host.workers(), host.servers()
            postgres.kill()
            server.kill()
            until(lambda: host.said().count("starting it again") > 1, 15, "it was tried again in vain")
            postgres.start()
            until(lambda: answers(host), 15, "the server answers")
            assert host.workers() == [worker]
            assert host.stop() == 0
        finally:
            host.kill()
