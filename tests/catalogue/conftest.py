"""Folders for the task types of the catalogue, away from everyone's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill.catalogue import settings
from taskmill.catalogue.settings import CatalogueSettings


@pytest.fixture
def roots(tmp_path: Path) -> Iterator[Path]:
    """The one root of files; `state` is beside it."""
    root = tmp_path / "files"
    root.mkdir()
    settings.use(CatalogueSettings(roots=(root,), state=tmp_path / "state"))
    yield root
    settings.use(None)
