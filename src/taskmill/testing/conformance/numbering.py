"""store/number: short numbers for tasks, and parameters that are replaced while nobody has begun."""

from taskmill.core.state import CREATED, FINAL, State
from taskmill.core.task import Task
from taskmill.stores.contract import ClaimQuery, Store
from taskmill.testing.conformance.case import NOW, StoreCase, a_task, added, bring, scenario


class Numbering(StoreCase):
    @scenario
    async def test_numbers_count_from_one_and_stay(self, store: Store) -> None:
        tasks = await added(store, *(a_task() for _ in range(3)))
        first, second, third = (task.spec.id for task in tasks)
        assert [await store.number(id) for id in (second, first, second)] == [1, 2, 1]
        assert await store.numbers([first, second, third]) == {first: 2, second: 1}
        assert [await store.numbered(number) for number in (1, 2, 3, 2**62)] == [second, first, None, None]

    @scenario
    async def test_a_task_that_is_not_there_gets_none(self, store: Store) -> None:
        assert await store.number(a_task().spec.id) is None
        assert await store.number((await added(store, a_task()))[0].spec.id) == 1

    @scenario
    async def test_a_number_goes_with_its_task_and_is_not_given_again(self, store: Store) -> None:
        gone = await bring(store, State.SUCCEEDED)
        assert await store.number(gone.spec.id) == 1
        assert await store.purge(1, states=FINAL, before=2**60, ids=[gone.spec.id]) == 1
        assert await store.numbered(1) is None
        assert await store.number((await added(store, a_task()))[0].spec.id) == 2

    @scenario
    async def test_numbers_from_elsewhere_are_kept(self, store: Store) -> None:
        one, two, three = await added(store, *(a_task() for _ in range(3)))
        await store.put_numbers({})
        await store.put_numbers({one.spec.id: 7, "nobody": 8})
        await store.put_numbers({one.spec.id: 9, two.spec.id: 7})
        assert await store.numbers([one.spec.id, two.spec.id]) == {one.spec.id: 7}
        assert await store.number(three.spec.id) == 8

    @scenario
    async def test_parameters_are_replaced_while_a_task_waits(self, store: Store) -> None:
        for state in State:
            spec, head = await bring(store, state)
            done = await store.set_parameters(spec.id, head.version, '{"new":1}')
            assert done is (state in CREATED)
            now = (await store.get([spec.id]))[spec.id]
            if done:
                changed = spec._replace(parameters='{"new":1}')
                assert now == Task(changed, head._replace(version=head.version + 1))
            else:
                assert now == Task(spec, head)

    @scenario
    async def test_parameters_are_replaced_on_the_version_that_was_read(self, store: Store) -> None:
        [(spec, head)] = await added(store, a_task())
        assert not await store.set_parameters(spec.id, head.version + 1, "{}")
        assert not await store.set_parameters(a_task().spec.id, 1, "{}")
        assert await store.set_parameters(spec.id, head.version, '{"a":1}')
        assert not await store.set_parameters(spec.id, head.version, '{"a":2}')
        [claim] = await store.claim("w1", 1, ClaimQuery(1, ids=[spec.id]), now=NOW)
        assert claim.spec.parameters == '{"a":1}'
        assert not await store.set_parameters(spec.id, claim.head.version, '{"a":3}')

    @scenario
    async def test_a_copy_of_a_later_version_brings_its_parameters(self, store: Store) -> None:
        [(spec, head)] = await added(store, a_task())
        later = Task(spec._replace(parameters='{"a":1}'), head._replace(version=head.version + 1))
        assert await store.restore([later], []) == []
        assert await store.get([spec.id]) == {spec.id: later}
