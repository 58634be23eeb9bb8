"""What `up` says once everything runs: where it is, and never a password."""

import sys
from pathlib import Path

import pytest

from taskmill.cli.up import ready_text
from taskmill.config.server import ServerSettings
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.supervisor.plan import Plan
from tests.cli.conftest import ENVIRONMENT

POSTGRESQL = "postgresql://mill:secret@db/mill"


def said(store: str, broker: str | None = None, feed: str | None = None, app: str | None = None) -> list[str]:
    plan = Plan(store, "power", app, 2, WorkerSettings(), ServerSettings("::1", 8000), broker=broker, feed=feed)
    return ready_text(plan).splitlines()


def test_every_component_is_named_without_its_password() -> None:
    lines = said(POSTGRESQL, "amqps://mill:secret@queue/mill", "redis://:secret@cache/1")
    assert lines[:5] == [
        "Taskmill is up on postgresql://mill:***@db/mill",
        "  server   http://[::1]:8000",
        "  workers  2, for all queues",
        "  broker   amqps://mill:***@queue/mill",
        "  feed     redis://:***@cache/1",
    ]
    assert "secret" not in str(lines)


def test_a_command_that_is_suggested_can_be_pasted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", ENVIRONMENT["PATH"])
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.chdir(tmp_path)
    assert "  taskmill watch --store postgresql://db/mill --broker amqp://queue" in said(
        "postgresql://db/mill", "amqp://queue"
    )
    assert "  taskmill watch" in said(POSTGRESQL, "amqp://:secret@queue")
    assert f"  taskmill types --store sqlite:///{tmp_path}/taskmill.db" in said(
        "sqlite:///taskmill.db", app="tasks:app"
    )
    assert not [line for line in said("sqlite:///taskmill.db") if "broker" in line or "feed" in line]


def test_what_is_activated_here_is_not_in_another_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", ENVIRONMENT["PATH"])
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    script = Path(sys.executable).with_name("taskmill")
    assert f"  {script} types --store postgresql://db/mill" in said("postgresql://db/mill", app="tasks:app")
