"""A release that adds a task type: the older workers leave it for the newer ones."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from taskmill import State
from tests.chaos.host import Host
from tests.chaos.running import until
from tests.upgrade.apps import make

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgres", "postgres+rabbitmq"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    if request.param == "sqlite":
        return {"store": f"sqlite:///{tmp_path}/tasks.db"}
    urls = {"store": request.getfixturevalue("postgres_url")}
    return urls | ({"broker": request.getfixturevalue("amqp_url")} if "rabbitmq" in request.param else {})


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def up(app: str, urls: dict[str, str], directory: Path, stack: ExitStack) -> None:
    host = Host(directory, f"tests.upgrade.apps:{app}", urls, {"workers": 1})
    stack.callback(host.kill)
    host.start()
    until(host.is_up, 30, "it is up")


def test_a_worker_that_does_not_know_a_task_type_leaves_it_for_one_that_does(
    urls: dict[str, str], tmp_path: Path, stack: ExitStack
) -> None:
    up("now", urls, tmp_path / "now", stack)
    app = make(**urls, later=True)
    stack.callback(app.close)
    unknown = app.tasks["farewell"].enqueue("Ada")
    assert app.tasks["greet"].enqueue("Ada").result(timeout=10) == "hello Ada"
    assert unknown.status() is State.READY
    up("later", urls, tmp_path / "later", stack)
    assert unknown.result(timeout=10) == "goodbye Ada"
    _, head = unknown.refresh()
    assert (head.version, head.attempt, head.losses) == (3, 1, 0)
