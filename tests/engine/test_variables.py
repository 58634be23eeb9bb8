"""Context variables of one attempt are none of another's business, in every executor."""

import asyncio
import json

import pytest

from tests.engine import handlers as h
from tests.engine.conftest import Trial


@pytest.mark.parametrize("name", ["work_for_inline", "work_for_in_thread", "work_for_in_process"])
async def test_what_an_attempt_sets_is_seen_by_no_other(mill: Trial, name: str) -> None:
    task = h.app.tasks[name]
    async with mill.worker(slots=4):
        first = await asyncio.gather(*(mill.run(task.call(f"tenant {number}")) for number in range(4)))
        later = await asyncio.gather(*(mill.run(task.call(None)) for _ in range(32)))
    assert [json.loads(one.head.result or "") for one in (*first, *later)] == [["nobody", 30]] * 36


async def test_what_was_set_when_the_worker_started_is_seen_by_all(mill: Trial) -> None:
    token = h.tenant.set("everybody")
    try:
        async with mill.worker():
            found = [await mill.run(task.call(None)) for task in (h.work_for_in_thread, h.work_for_in_thread)]
    finally:
        h.tenant.reset(token)
    assert [json.loads(one.head.result or "") for one in found] == [["everybody", 30]] * 2
