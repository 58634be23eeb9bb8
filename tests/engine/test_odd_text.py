"""Half of a surrogate pair, and NUL, in what a handler says: shown escaped, on every store and in every executor."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from taskmill import App
from taskmill.core.state import State
from taskmill.stores.open import open_store
from tests.engine import handlers as h
from tests.engine.conftest import Trial


@dataclass
class File:
    name: str
    size: int


SHOWN = "caf\\udce9\\x00"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Trial]:
    urls = {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/t.db"}
    url = urls.get(request.param) or request.getfixturevalue("postgres_url")
    store = open_store(url, caller="loop")
    await store.open()
    yield Trial(store)
    await store.close()


@pytest.mark.parametrize("name", ["odd_inline", "odd_in_thread", "odd_in_process"])
async def test_odd_text_fails_nothing_and_is_shown_escaped(anywhere: Trial, name: str) -> None:
    task = h.app.tasks[name]
    async with anywhere.worker():
        returned, raised, failed = [await anywhere.run(task.call(how)) for how in ("return", "raise", "fail")]
    assert (returned.head.state, json.loads(returned.head.result or "")) == (State.SUCCEEDED, SHOWN)
    for task_, kind in ((raised, "ValueError"), (failed, "Fail")):
        error = json.loads(task_.head.error or "")
        assert (task_.head.state, error["type"], error["message"]) == (State.FAILED, kind, SHOWN)
    [record] = await anywhere.store.attempts(raised.spec.id)
    [line] = json.loads(record.log or "")
    assert (line["message"], line["level"]) == (SHOWN, SHOWN)


def test_of_a_result_only_what_is_no_text_is_shown_escaped() -> None:
    @App("memory://").task
    def listed() -> dict[str, list[str]]: ...

    @App("memory://").task
    def found() -> File: ...

    assert found.encode_result(File("\ud800", 3)) == '{"name":"\\\\ud800","size":3}'
    assert listed.encode_result({"caf\udce9": ["naïve", "\ud800"]}) == '{"caf\\\\udce9":["naïve","\\\\ud800"]}'
