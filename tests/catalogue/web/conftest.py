"""A server that plays answers, which the task types may reach though it is not public."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill.catalogue import settings
from taskmill.catalogue.settings import CatalogueSettings
from tests.catalogue.web.player import Player, playing


@pytest.fixture
def player() -> Iterator[Player]:
    with playing() as player:
        yield player


@pytest.fixture(autouse=True)
def told(tmp_path: Path) -> Iterator[None]:
    settings.use(CatalogueSettings(state=tmp_path / "state", allowed_networks=("127.0.0.1/32",)))
    yield
    settings.use(None)
