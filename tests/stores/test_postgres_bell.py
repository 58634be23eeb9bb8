"""Rings of the PostgreSQL store: gathered, small, and no load for the server however many there are."""

import json
from uuid import uuid4

import asyncpg
import pytest

from taskmill.stores.contract import ANY
from taskmill.stores.open import open_store
from taskmill.stores.postgres.notify import PAYLOAD, payloads


@pytest.mark.parametrize(("count", "sent"), [(1, 1), (200, 1), (210, 2), (400, 2)])
def test_ids_go_together(count: int, sent: int) -> None:
    ids = [str(uuid4()) for _ in range(count)]
    packed = payloads(ids)
    assert len(packed) == sent
    assert all(len(payload) <= PAYLOAD for payload in packed)
    assert [id for payload in packed for id in json.loads(payload)] == ids


def test_of_more_than_fit_everybody_is_told_to_look_at_all() -> None:
    assert payloads([str(uuid4()) for _ in range(500)]) == [json.dumps([ANY])]
    assert payloads(["雪" * 3_000]) == [json.dumps([ANY])]


async def test_a_thousand_rings_are_few_notifications(postgres_url: str) -> None:
    heard: list[str] = []
    listening = await asyncpg.connect(postgres_url)
    await listening.add_listener("taskmill_ready", lambda *notification: heard.append(notification[-1]))
    store = open_store(postgres_url, caller="loop")
    await store.open()
    for _ in range(20):
        for i in range(50):
            store.bell.ring("ready", [f"queue {i}"])
        await store.clock()
    await store.close()
    await listening.execute("SELECT 1")
    assert len(heard) <= 20
    assert {name for payload in heard for name in json.loads(payload)} == {f"queue {i}" for i in range(50)}
    await listening.close()


async def test_what_is_rung_before_the_store_closes_goes_out(postgres_url: str) -> None:
    heard: list[str] = []
    listening = await asyncpg.connect(postgres_url)
    await listening.add_listener("taskmill_final", lambda *notification: heard.append(notification[-1]))
    store = open_store(postgres_url, caller="loop")
    await store.open()
    store.bell.ring("final", ["1"])
    await store.close()
    store.bell.ring("final", ["2"])
    await listening.execute("SELECT 1")
    assert heard == ['["1"]']
    await listening.close()


async def test_notifications_of_others_do_no_harm(postgres_url: str) -> None:
    store = open_store(postgres_url, caller="loop")
    await store.open()
    ear = store.bell.listen("ready")
    store.bell.ring("ready", ["a"])
    assert await ear.wait(10) == [("ready", "a")]
    other = await asyncpg.connect(postgres_url)
    for payload in ("no json", "3", '{"a": 1}', "[1]"):
        await other.execute("SELECT pg_notify('taskmill_ready', $1)", payload)
    store.bell.ring("ready", ["b"])
    heard: list[tuple[str, str]] = []
    while ("ready", "b") not in heard:
        heard += await ear.wait(10)
    await other.close()
    await store.close()
