"""What Python code does to stored tasks: find, cancel, retry, delete; one, or all that match; sync and async."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taskmill import App, Conflict, InvalidRequest, NotFound, State


@pytest.fixture(params=["memory", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    made = App("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/t.db")

    @made.task
    def resize(width: int) -> int:
        return width

    yield made
    made.close()


def some(app: App, count: int = 3, **options: Any) -> list[str]:
    return [app.tasks["resize"].using(**options).enqueue(width=n).id for n in range(count)]


def ids(app: App, **where: Any) -> list[str]:
    return [task.spec.id for task in app.find(**where)]


def test_find_is_newest_first_and_goes_on_past_a_page(app: App) -> None:
    made = [
        handle.id
        for handle in app.tasks["resize"].enqueue_many([app.tasks["resize"].call(width=n) for n in range(1201)])
    ]
    assert ids(app) == made[::-1]
    assert ids(app, limit=700) == made[:500:-1]


def test_find_by_every_condition(app: App) -> None:
    [plain] = some(app, 1)
    [mail] = some(app, 1, queue="mail", priority="high", tags=["a", "b"], key="k")
    [later] = some(app, 1, delay=60)
    hour = timedelta(hours=1)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"queue": "mail"}, [mail]),
        ({"queue": ["mail", "default"]}, [later, mail, plain]),
        ({"priority": "high"}, [mail]),
        ({"tag": ["a", "b"]}, [mail]),
        ({"tag": ["a", "c"]}, []),
        ({"key": "k"}, [mail]),
        ({"state": State.SCHEDULED}, [later]),
        ({"state": ["ready"], "queue": "default"}, [plain]),
        ({"task_type": "other"}, []),
        ({"created_after": datetime.now(UTC) - hour}, [later, mail, plain]),
        ({"created_before": datetime.now(UTC) - hour}, []),
    ]
    for where, expected in cases:
        assert ids(app, **where) == expected, where


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ({"qeue": "mail"}, "there is no condition 'qeue'"),
        ({"state": "done"}, "state 'done' must be one of"),
        ({"queue": ""}, "queue ''"),
        ({"priority": 7}, "priority 7"),
        ({"created_after": datetime(2026, 1, 1)}, "created_after"),
        ({"limit": 0}, "limit 0"),
        ({"limit": True}, "limit True"),
    ],
)
def test_a_wrong_condition_is_refused_at_once(app: App, where: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        app.find(**where)
    assert what in str(raised.value)


def test_cancel_retry_and_delete_of_all_that_match(app: App) -> None:
    mail, others = some(app, queue="mail"), some(app)
    assert app.cancel_matching(queue="mail", dry_run=True) == 3
    assert ids(app, state="cancelled") == []
    assert app.cancel_matching(queue="mail") == 3
    assert ids(app, state="cancelled") == mail[::-1]
    assert app.retry_matching(queue="mail") == 0, "none has failed"
    assert app.retry_matching(queue="mail", state="cancelled") == 3
    assert app.delete_matching(queue="mail") == 0, "none has ended"
    assert app.delete_matching(queue="mail", state="ready") == 0, "none may be deleted"
    assert app.cancel_matching(queue="mail") == 3
    assert app.delete_matching(all=True, dry_run=True) == 3
    assert app.delete_matching(all=True) == 3
    assert ids(app) == others[::-1]


@pytest.mark.parametrize("verb", ["cancel_matching", "retry_matching", "delete_matching"])
def test_all_of_them_must_be_meant(app: App, verb: str) -> None:
    conditions: list[dict[str, Any]] = [{}, {"queue": []}]
    for where in conditions:
        with pytest.raises(InvalidRequest, match="every task") as raised:
            getattr(app, verb)(**where)
        assert raised.value.hint == "all=True means it"


def test_one_task_is_retried_and_deleted_by_its_handle(app: App) -> None:
    [id] = some(app, 1)
    handle = app.handle(id)
    for act in (handle.retry, handle.delete):
        with pytest.raises(Conflict, match="ready"):
            act()
    assert handle.cancel()
    handle.retry()
    assert handle.status() is State.READY
    handle.cancel()
    handle.delete()
    for act in (handle.retry, handle.delete):
        with pytest.raises(NotFound):
            act()


async def test_the_same_in_async_code(app: App) -> None:
    task = app.tasks["resize"]
    kept, gone = [(await task.using(queue=queue).aenqueue(width=1)) for queue in ("default", "mail")]
    assert [found.spec.id async for found in app.afind(queue="mail")] == [gone.id]
    assert await app.acancel_matching(queue="mail") == 1
    assert await app.aretry_matching(state="cancelled") == 1
    with pytest.raises(Conflict):
        await gone.aretry()
    assert await app.acancel_matching(queue="mail") == 1
    assert await app.adelete_matching(queue="mail") == 1
    await kept.acancel()
    await kept.aretry()
    await kept.acancel()
    await kept.adelete()
    assert [found async for found in app.afind()] == []
    await app.aclose()
