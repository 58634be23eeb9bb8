"""store/registry: workers, task types, queues; opening, closing, and the clock."""

from taskmill.core.state import State
from taskmill.stores.contract import QueueRow, Store, TaskTypeRow, WorkerRow
from taskmill.testing.conformance.case import StoreCase, a_task, added, bring, scenario

WORKER = WorkerRow("w1", "hôst", 2**31, 1, 0, '["a", "b"]', 16, 3, "0.1", '["mail", "sum"]')
TYPE = TaskTypeRow("mail", "post", '{"type": "object"}', "Sends « mail »", '{"timeout": 3.5}', 0)


class Registered(StoreCase):
    @scenario
    async def test_a_worker_comes_changes_and_goes(self, store: Store) -> None:
        before = await store.clock()
        await store.put_worker(WORKER)
        await store.put_worker(WORKER._replace(id="w0", queues="null"))
        await store.put_worker(WORKER._replace(running=7))
        first, second = await store.workers()
        assert (first.id, second.running) == ("w0", 7)
        assert before <= second.seen_at <= await store.clock()
        assert second == WORKER._replace(running=7, seen_at=second.seen_at)
        await store.drop_worker("w0")
        await store.drop_worker("w0")
        assert await store.workers() == [second]

    @scenario
    async def test_task_types_come_and_change(self, store: Store) -> None:
        before = await store.clock()
        await store.put_task_types([])
        await store.put_task_types([TYPE._replace(name=f"t{i:03}") for i in range(130)])
        await store.put_task_types([TYPE, TYPE._replace(name="t000", description="new")])
        mail, first, *rest = await store.task_types()
        assert len(rest) == 129
        assert (mail.name, first.name, first.description) == ("mail", "t000", "new")
        assert before <= mail.seen_at <= await store.clock()
        assert mail == TYPE._replace(seen_at=mail.seen_at)

    @scenario
    async def test_queues_tell_their_depths(self, store: Store) -> None:
        for state in (*State, State.READY):
            await bring(store, state, queue="a")
        await bring(store, State.SCHEDULED, queue="b")
        await store.pause("c", True)
        await store.put_task_types([TYPE])
        assert await store.queues() == [
            QueueRow("a", False, ready=2, running=1, scheduled=1),
            QueueRow("b", False, ready=0, running=0, scheduled=1),
            QueueRow("c", True, ready=0, running=0, scheduled=0),
            QueueRow("post", False, ready=0, running=0, scheduled=0),
        ]

    @scenario
    async def test_a_pause_outlives_new_tasks_and_types(self, store: Store) -> None:
        await store.pause("post", True)
        await added(store, a_task(queue="post"))
        await store.put_task_types([TYPE])
        assert [(row.name, row.paused) for row in await store.queues()] == [("post", True)]
        await store.pause("post", False)
        assert [row.paused for row in await store.queues()] == [False]

    @scenario
    async def test_ping_tells_the_stores_time(self, store: Store) -> None:
        first, second, third = await store.clock(), await store.ping(), await store.clock()
        assert 0 < first <= second <= third

    @scenario
    async def test_opening_again_changes_nothing(self, store: Store) -> None:
        (task,) = await added(store, a_task())
        await store.open()
        assert await store.get([task.spec.id]) == {task.spec.id: task}

    @scenario
    async def test_closing_again_does_no_harm(self, store: Store) -> None:
        await store.close()
        await store.close()
        store.bell.ring("ready", ["default"])
