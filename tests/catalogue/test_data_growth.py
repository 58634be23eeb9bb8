"""Reading a table that is twice as large takes twice as long, whatever is in it."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taskmill.catalogue.refusal import Refusal
from tests.catalogue.tables import process

WRITERS: dict[str, tuple[str, Callable[[int], str]]] = {
    "quotes": ("it.csv", lambda size: "a,b\n" + '"x, ""y""\n",2\n' * size),
    "a field without end": ("it.csv", lambda size: 'a,b\n"' + "x" * size),
    "numbers": ("it.csv", lambda size: "a,b\n" + "1.5,2e-3\n" * size),
    "objects": ("it.jsonl", lambda size: '{"a": 1.5, "b": [1, {"c": "x"}]}\n' * size),
    "an array": ("it.json", lambda size: "[" + '{"a": 1.5, "b": "x"},' * size + '{"a": 1}]'),
    "an array without end": ("it.json", lambda size: '[{"a": "' + "x" * size),
    "brackets": ("it.json", lambda size: '[{"a": ' + "[" * min(size, 500) + "1"),
    "a text": ("it.txt", lambda size: "a,b\n" + "1.5,x\n" * size),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", WRITERS)
def test_twice_as_much_takes_twice_as_long(roots: Path, what: str) -> None:
    name, content = WRITERS[what]

    def took(size: int) -> float:
        text = content(size)
        (roots / name).write_text(text)
        best = 1e9
        for _ in range(2):
            began = time.process_time()
            with contextlib.suppress(Refusal):
                process(data=text if name == "it.txt" else {"file": name}, steps=[{"do": "limit", "rows": 1}])
            best = min(best, time.process_time() - began)
        return best

    small, large = took(30_000), took(60_000)
    assert large < 2.5 * small + 0.05
