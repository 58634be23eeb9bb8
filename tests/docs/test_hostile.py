"""The catalogue's page tells what is refused and how that reads: each line of it happens as it says."""

import asyncio
import inspect
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill import InvalidParameters
from taskmill.catalogue import app, settings
from taskmill.catalogue.settings import CatalogueSettings
from tests.architecture.tree import ROOT
from tests.catalogue.context import RecordingContext
from tests.catalogue.web.player import Player, playing
from tests.docs.hostile import HOSTILE, HostileInput, lay_out, resolver

SHOWN = [tuple(line) for line in json.loads((ROOT / "docs/refusals.json").read_text(encoding="utf-8"))]


@pytest.fixture
def player() -> Iterator[Player]:
    with playing() as player:
        yield player


@pytest.fixture(autouse=True)
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    settings.use(CatalogueSettings(allowed_networks=("127.0.0.1/32",)))
    yield
    settings.use(None)


async def refusal(one: HostileInput, parameters: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolver(one.stands_for))
    task = app.tasks[one.task_type]
    try:
        arguments = task.decode(parameters)
        context = {task.context_parameter: RecordingContext()} if task.context_parameter else {}
        result = task.fn(**context, **arguments)
        if inspect.isawaitable(result):
            await result
    except (ValueError, InvalidParameters) as refused:
        return str(refused)
    raise AssertionError(f"{one.task_type} takes {one.what}")


@pytest.mark.parametrize("one", HOSTILE, ids=lambda one: f"{one.task_type}: {one.what}")
async def test_it_is_refused_as_shown(
    one: HostileInput, tmp_path: Path, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = lay_out(one, tmp_path / "files", player)
    before = sorted(os.listdir(tmp_path / "files"))
    said = await refusal(one, parameters, monkeypatch)
    assert (one.task_type, one.what, said) in SHOWN
    assert sorted(os.listdir(tmp_path / "files")) == before


def test_nothing_else_is_shown() -> None:
    assert [line[:2] for line in SHOWN] == [(one.task_type, one.what) for one in HOSTILE]
