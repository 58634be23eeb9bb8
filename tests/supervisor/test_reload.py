"""`taskmill up --reload`: a real supervisor whose workers start again when a file of the app changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmill import App, State
from tests.chaos.running import until
from tests.cli.conftest import ENVIRONMENT, free_port, without
from tests.supervisor.reloaded import Reloaded

pytestmark = pytest.mark.slow


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Reloaded]:
    up = Reloaded(tmp_path, free_port(), ENVIRONMENT)
    up.write("hello")
    up.start()
    yield up
    up.kill()


@pytest.fixture
def client(up: Reloaded) -> Iterator[App]:
    app = App(f"sqlite:///{up.directory}/taskmill.db")

    @app.task
    def greet() -> str: ...

    @app.task
    async def wait(seconds: float) -> str: ...

    yield app
    app.close()


def greeting(client: App) -> str:
    found: str = client.tasks["greet"].enqueue().result(timeout=30)
    return found


def test_a_changed_file_is_run_and_a_running_task_ends_first(up: Reloaded, client: App) -> None:
    assert greeting(client) == "hello"
    long = client.tasks["wait"].enqueue(4.0)
    until(lambda: long.status() is State.RUNNING, 20, "the task runs")
    up.write("good morning")
    up.until_said("shop.py changed")
    assert long.status() is State.RUNNING
    until(lambda: greeting(client) == "good morning", 30, "the changed file is run")
    assert long.result(timeout=0) == "waited"
    assert long.refresh().head.attempt == 1
    assert up.stop() == 0
    assert "Traceback" not in up.said()


def test_a_file_with_a_syntax_error_leaves_the_workers_as_they_are(up: Reloaded, client: App) -> None:
    before = up.workers()
    (up.directory / "shop.py").write_text("def broken(:\n")
    up.until_said("shop.py, line 1: invalid syntax; the workers keep the code that they have")
    assert greeting(client) == "hello"
    assert up.workers() == before
    up.write("mended")
    up.until_said("shop.py changed")
    until(lambda: greeting(client) == "mended", 30, "the mended file is run")
    assert up.stop() == 0


def test_an_app_that_cannot_be_imported_waits_for_the_next_change(up: Reloaded, client: App) -> None:
    (up.directory / "shop.py").write_text("import a_module_that_is_not_there\n")
    up.until_said("worker-1 could not start; it is started again when a file changes")
    assert "No module named 'a_module_that_is_not_there'" in up.said()
    assert up.workers() == set()
    up.write("mended")
    assert greeting(client) == "mended"
    assert up.stop() == 0


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    said = without("watchfiles", "up", "--reload", cwd=tmp_path)
    assert said == (
        "error: --reload needs the library 'watchfiles', which is not installed\n"
        'hint: pip install "taskmill[reload]"\n'
    )
