"""A real supervisor, and a client that knows the task types of its app by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill import App
from tests.chaos.running import RunningTaskmill

HERE = Path(__file__).parent


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[RunningTaskmill]:
    mill = RunningTaskmill(tmp_path, home=HERE)
    yield mill
    if hasattr(mill, "process") and mill.process.is_running():
        mill.kill_tree()


@pytest.fixture
def client(mill: RunningTaskmill) -> Iterator[App]:
    app = App(mill.store)

    @app.task
    async def add(a: int, b: int) -> int:
        return a + b

    @app.task
    async def wait(seconds: float) -> str: ...

    @app.task
    async def note_and_wait(path: str) -> None: ...

    @app.task(executor="processes")
    def wait_in_process(path: str) -> None: ...

    @app.task(executor="processes")
    def speak_in_process() -> None: ...

    @app.task
    async def leave(code: int) -> None: ...

    @app.task
    async def ignore_signals() -> str: ...

    @app.task
    def block() -> None: ...

    yield app
    app.close()
