"""The server, once per file and store: tests keep apart by queues, keys and tags of their own."""

from collections.abc import Iterator

import pytest

from tests.faces.site import Site
from tests.faces.site import site as opened


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("site") / "tasks.db"
    with opened("memory://" if request.param == "memory" else f"sqlite:///{path}") as site:
        yield site
