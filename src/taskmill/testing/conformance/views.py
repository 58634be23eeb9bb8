"""store/views: what people see."""

import pytest

from taskmill.core.errors import InvalidRequest
from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.stores.contract import Page, Store, TaskFilter, Waiting
from taskmill.testing.conformance.case import NOW, StoreCase, a_task, added, bring, scenario


async def pages(store: Store, where: TaskFilter, limit: int) -> list[list[Task]]:
    found: list[list[Task]] = []
    page = Page([], "")
    while page.cursor is not None:
        page = await store.find(where, limit, page.cursor or None)
        found.append(page.tasks)
    return found


class Views(StoreCase):
    @scenario
    async def test_newest_first_page_by_page(self, store: Store) -> None:
        tasks = await added(store, *(a_task() for _ in range(10)))
        found = await pages(store, TaskFilter(), 4)
        assert [len(page) for page in found] == [4, 4, 2]
        assert [task for page in found for task in page] == tasks[::-1]

    @scenario
    async def test_ids_between_two(self, store: Store) -> None:
        made = sorted(task.spec.id for task in await added(store, *(a_task() for _ in range(5))))
        assert await store.ids_between(made[1], made[3], 9) == made[1:4]
        assert await store.ids_between(made[0], made[4], 2) == made[:2]
        assert await store.ids_between(made[1], made[0], 9) == []

    @scenario
    async def test_a_page_that_takes_all_is_the_last(self, store: Store) -> None:
        assert await store.find(TaskFilter(), 5) == Page([], None)
        await added(store, *(a_task() for _ in range(5)))
        assert (await store.find(TaskFilter(), 5)).cursor is None

    @scenario
    async def test_pages_stay_right_while_tasks_are_added(self, store: Store) -> None:
        tasks = await added(store, *(a_task() for _ in range(6)))
        first = await store.find(TaskFilter(), 3)
        await added(store, *(a_task() for _ in range(4)))
        second = await store.find(TaskFilter(), 3, first.cursor)
        assert [*first.tasks, *second.tasks] == tasks[::-1]

    @pytest.mark.parametrize("cursor", ["", "nonsense", "1 OR 1=1", "9" * 30, "-" * 10])
    @scenario
    async def test_a_cursor_that_no_page_gave(self, store: Store, cursor: str) -> None:
        with pytest.raises(InvalidRequest, match="cursor"):
            await store.find(TaskFilter(), 3, cursor)

    @pytest.mark.parametrize("states", [(state,) for state in State] + [(State.READY, State.FAILED, State.RUNNING)])
    @scenario
    async def test_by_state(self, store: Store, states: tuple[State, ...]) -> None:
        tasks = [await bring(store, state) for _ in range(3) for state in State]
        expected = [task for task in reversed(tasks) if task.head.state in states]
        found = await pages(store, TaskFilter(states=states), 2)
        assert [task for page in found for task in page] == expected
        assert await store.count(TaskFilter(states=states), 99) == len(expected)

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (TaskFilter(queues=("b",)), [1]),
            (TaskFilter(queues=("b", "default", "stranger")), [4, 3, 2, 1, 0]),
            (TaskFilter(task_types=("mail",)), [2]),
            (TaskFilter(priorities=(1, 3)), [3, 0]),
            (TaskFilter(tags=("a",)), [4, 1]),
            (TaskFilter(meta=("customer", "42")), [3, 1]),
            (TaskFilter(meta=("customer", "Köln")), [4]),
            (TaskFilter(meta=("customer", "true")), [0]),
            (TaskFilter(meta=("customer", "1")), []),
            (TaskFilter(meta=("nothing", "42")), []),
            (TaskFilter(meta=("customer", "42"), tags=("a",)), [1]),
            (TaskFilter(tags=("a", "ü")), [4]),
            (TaskFilter(tags=("a", "a")), [4, 1]),
            (TaskFilter(tags=("A",)), []),
            (TaskFilter(key="k"), [3]),
            (TaskFilter(key=""), []),
            (TaskFilter(created_after=NOW + 2), [4, 3]),
            (TaskFilter(created_before=NOW + 2), [1, 0]),
            (TaskFilter(created_after=NOW, created_before=NOW + 2), [1]),
            (TaskFilter(states=(State.READY,), tags=("a",), queues=("default",)), [4]),
            (TaskFilter(states=(State.SUCCEEDED,), tags=("a",)), []),
            (TaskFilter(tags=("' OR 1=1 --",)), []),
        ],
    )
    @scenario
    async def test_filters(self, store: Store, where: TaskFilter, expected: list[int]) -> None:
        tasks = await added(
            store,
            a_task(now=NOW, priority=1, meta='{"customer": true}'),
            a_task(now=NOW + 1, queue="b", tags=["a", "b"], meta='{"customer": 42}'),
            a_task(now=NOW + 2, task_type="mail", tags=[]),
            a_task(now=NOW + 3, priority=3, key="k", meta='{"customer": "42"}'),
            a_task(now=NOW + 4, tags=["ü", "a", "c"], meta='{"customer": "Köln", "other": 42}'),
        )
        assert (await store.find(where, 9)).tasks == [tasks[i] for i in expected]
        assert await store.count(where, 9) == len(expected)

    @scenario
    async def test_a_key_is_found_after_its_task_is_final(self, store: Store) -> None:
        done = await bring(store, State.SUCCEEDED, key="k")
        (ready,) = await added(store, a_task(key="k"))
        assert (await store.find(TaskFilter(key="k"), 9)).tasks == [ready, done]

    @scenario
    async def test_counting_stops_at_the_limit(self, store: Store) -> None:
        await added(store, *(a_task() for _ in range(9)))
        assert [await store.count(TaskFilter(), limit) for limit in (0, 4, 9, 10)] == [0, 4, 9, 9]
        assert await store.count(TaskFilter(states=(State.READY, State.RUNNING)), 4) == 4

    @scenario
    async def test_get_of_strangers_and_of_nothing(self, store: Store) -> None:
        (task,) = await added(store, a_task())
        assert await store.get([]) == {}
        assert await store.get(["a stranger", task.spec.id, task.spec.id]) == {task.spec.id: task}
        assert await store.attempts("a stranger") == []

    @scenario
    async def test_stats(self, store: Store) -> None:
        empty = await store.stats()
        assert (set(empty.states), set(empty.states.values()), empty.oldest_ready) == (set(State), {0}, None)
        for state in [*State, State.FAILED]:
            await bring(store, state)
        await added(store, a_task(run_at=NOW - 7, queue="b", priority=3))
        stats = await store.stats()
        assert stats.states == dict.fromkeys(State, 1) | {State.FAILED: 2, State.READY: 2}
        assert stats.oldest_ready == NOW - 7

    @scenario
    async def test_what_waits_by_queue_and_type(self, store: Store) -> None:
        assert await store.waiting() == []
        for state in State:
            await bring(store, state)
        await added(store, a_task(queue="b", priority=1), a_task(queue="b", task_type="mail"), a_task(queue="b"))
        assert await store.waiting() == [
            Waiting("b", "mail", 1),
            Waiting("b", "sum", 2),
            Waiting("default", "sum", 1),
        ]
