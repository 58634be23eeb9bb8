"""Programs that are not there: what is said of them. That root installs them, only a machine without them can show."""

import os
from pathlib import Path

import pytest

from tests.servers import packages


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with none of them, on which we are nobody."""
    monkeypatch.setattr(packages, "FOLDERS", ())
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    packages.binary.cache_clear()


@pytest.mark.usefixtures("bare")
def test_what_is_missing_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(RuntimeError) as caught:
        packages.binary("redis-server")
    said = str(caught.value)
    assert said.startswith("These tests need postgresql, rabbitmq-server, redis-server: redis-server was not found.")
    assert "sudo apt-get install --yes --no-install-recommends postgresql rabbitmq-server redis-server" in said
    assert "TEST_POSTGRES_URL=… TEST_AMQP_URL=… TEST_REDIS_URL=…" in said


def test_the_newest_of_several_versions_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for version in ("9.6", "15", "13"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "psqld").touch()
    monkeypatch.setattr(packages, "FOLDERS", (f"{tmp_path}/*/bin",))
    packages.binary.cache_clear()
    assert packages.binary("psqld") == f"{tmp_path}/15/bin/psqld"
