"""The server, once per file and store: tests keep apart by queues, keys and tags of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill.catalogue import settings
from taskmill.catalogue.settings import CatalogueSettings
from tests.faces.site import Site
from tests.faces.site import site as opened


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a fresh store, for tests that open a server with settings of their own."""
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/tasks.db"


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    settings.use(CatalogueSettings(roots=(folder / "files",), upload_limit=3_000_000))
    with opened("memory://" if request.param == "memory" else f"sqlite:///{folder}/tasks.db") as site:
        yield site
    settings.use(None)
