from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill import App


@pytest.fixture(params=["memory", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    app = App("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/tasks.db", durability="process")
    yield app
    app.close()
