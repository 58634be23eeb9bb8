"""JSON is read to the digit, and comes out as it went in, or is refused with its row."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.catalogue.tables import cells, of, process, refused

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), cells),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(cells, inner, max_size=2),
    max_leaves=4,
)
objects = st.lists(st.dictionaries(st.sampled_from(["a", "b", "é", 'q"', "A", ""]), values, max_size=4), min_size=1)


@pytest.mark.slow
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(objects, st.booleans())
def test_json_comes_out_as_it_came_in(roots: Path, rows: list[dict[str, Any]], escaped: bool) -> None:
    if not any(rows):
        rows = [{"a": 1}]
    text = "\n".join(json.dumps(row, ensure_ascii=escaped) for row in rows)
    (roots / "it.jsonl").write_text(text, newline="")
    (roots / "it.json").write_text(json.dumps(rows, indent=1), newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for source in ("it.jsonl", "it.json"):
        process(data={"file": source}, output="out.jsonl")
        lines = (roots / "out.jsonl").read_text().split("\n")[:-1]
        assert [json.loads(line) for line in lines] == [dict.fromkeys(names) | row for row in rows]


@pytest.mark.parametrize(
    ("lines", "type", "values"),
    [
        (['{"a": 1}', '{"a": "x"}', '{"a": "1"}'], "json", [1, "x", "1"]),
        (['{"a": "2024-01-05"}'], "text", ["2024-01-05"]),
        (['{"a": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}'], "text", ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"]),
        (['{"a": 123456789012345678901234567890}'], "integer", ["123456789012345678901234567890"]),
        (['{"a": 1e5}', '{"a": 1.10}'], "number", [100_000.0, 1.1]),
        (['{"a": 0.1000000000000000055511151231257827}'], "number", ["0.1000000000000000055511151231257827"]),
        (['{"a": {"b": [1.10, 2]}}', '{"a": null}'], "json", [{"b": [1.1, 2]}, None]),
        (['{"a": true}', '{"a": 0}'], "json", [True, 0]),
        (['{"a": ""}', '{"a": null}', "", "{}"], "text", ["", None, None]),
        (['{"a": "x\\u0000\\n\\u2028"}'], "text", ["x\0\n\u2028"]),
        (['{"b": 1}', '{"a": "x", "b": 2}'], "text", [None, "x"]),
        (['{"a": "' + "9" * 60 + '"}'], "text", ["9" * 60]),
        (['{"a": ' + "9" * 60 + "}"], "json", ["9" * 60]),
    ],
)
def test_what_json_says_is_kept(roots: Path, lines: list[str], type: str, values: list[Any]) -> None:
    made = of(roots, "\n".join(lines), "it.jsonl")
    assert [(column.type) for column in made.columns if column.name == "a"] == [type]
    assert [row["a"] for row in made.rows] == values
    objects = [line for line in lines if line]
    assert of(roots, "[" + " ,\n".join(objects) + "]", "it.json").rows == made.rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}\n{"a": Infinity}', "line 2: Infinity is no JSON; write null, or a text"),
        ('{"a": NaN}', "line 1: NaN is no JSON"),
        ('{"a": 1, "b": 2, "a": 3}', "line 1: 'a' is there twice"),
        ('{"a": {"b": 1, "b": 2}}', "line 1: 'b' is there twice"),
        ("[1]", "line 1: a row is an object"),
        ('{"a": 1} {"a": 2}', "line 1: no JSON: after the object there is '{\"a\": 2}'"),
        ('{"a": "\\ud800"}', "line 1, 'a': half of a character"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 1: it is nested too deeply"),
        ('{"a": 01}', "line 1: no JSON"),
        (b'{"a": "\xe9"}', "line 1: the byte 0xE9 is no utf-8"),
        ("", "it.jsonl has no rows"),
    ],
)
def test_json_that_is_refused(roots: Path, content: str | bytes, words: str) -> None:
    assert words in refused(roots, content, "it.jsonl")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"a": 1}, {"a": Infinity}]', "row 2: Infinity is no JSON"),
        ('[{"a": 1} {"a": 2}]', "row 1: no JSON: ',' or ']' should stand before '{"),
        ('[{"a": 1},]', "row 2: no JSON"),
        ('[{"a": 1}] x', "after the ']' there is 'x'"),
        ('[{"a": 1', "row 1: no JSON"),
        ('{"a": 1}', "a JSON table is an array of objects; name the format json_lines"),
        ("[]", "it.json has no rows"),
        ('[{"a": "' + "x" * 2_000_000 + '"}]', "has more than 1,048,576"),
    ],
)
def test_json_arrays_that_are_refused(roots: Path, content: str, words: str) -> None:
    assert words in refused(roots, content, "it.json")
