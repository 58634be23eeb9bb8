"""Enqueue by name: the code of the task type is in another program, its schema in the store."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from taskmill import App, InvalidParameters, RetryPolicy, Task, UnknownTaskType
from taskmill.sdk.sync import run


@pytest.fixture
def apps(tmp_path: Path) -> Iterator[tuple[App, App]]:
    """The one with the code, and one without."""
    home, away = (App(f"sqlite:///{tmp_path}/t.db") for _ in range(2))

    @home.task(queue="pictures", retries=7, retry=RetryPolicy(), timeout=30, priority="high")
    def resize(path: str, width: int = 300, day: date | None = None) -> list[int]:
        """Make it fit."""
        return [width]

    run(home.clients.sync().store.put_task_types([resize.row()]))
    yield home, away
    home.close()
    away.close()


def test_it_is_stored_as_by_the_app_that_has_the_code(apps: tuple[App, App]) -> None:
    home, away = apps
    there, here = home.tasks["resize"], away.task_type("resize")
    given: dict[str, Any] = {"path": "a.png", "day": date(2026, 1, 2)}
    expected, found = (task.enqueue(**given).refresh().spec for task in (there, here))
    assert found._replace(id="", created_at=0) == expected._replace(id="", created_at=0)
    assert (here.schema(), here.description, here.queue) == (there.schema(), "Make it fit.", "pictures")
    assert here.using(queue="big", key="k").enqueue(path="b").refresh().spec.queue == "big"


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({}, "path"),
        ({"path": "a", "widht": 3}, "widht"),
        ({"path": 3}, "$.path"),
        ({"path": "a", "width": "3"}, "$.width"),
        ({"path": "a", "width": 2.5}, "$.width"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_is_stored(
    apps: tuple[App, App], parameters: dict[str, Any], what: str
) -> None:
    task: Task[..., Any] = apps[1].task_type("resize")
    with pytest.raises(InvalidParameters) as raised:
        task.enqueue(**parameters)
    assert what in str(raised.value)
    assert list(apps[1].find()) == []


def test_an_unknown_name_and_an_own_one(apps: tuple[App, App]) -> None:
    home, away = apps
    with pytest.raises(UnknownTaskType) as raised:
        away.task_type("resiez")
    assert "resize" in str(raised.value.hint)
    assert home.task_type("resize") is home.tasks["resize"]


async def test_in_async_code(apps: tuple[App, App]) -> None:
    task = await apps[1].atask_type("resize")
    handle = await task.aenqueue(path="a")
    assert (await handle.arefresh()).spec.parameters == '{"path":"a"}'
    with pytest.raises(UnknownTaskType):
        await apps[1].atask_type("other")
    await apps[1].aclose()
