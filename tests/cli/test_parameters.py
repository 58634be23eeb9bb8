"""What -P and -p mean."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.catalogue import math, sleep
from taskmill.cli.parameters import parse
from taskmill.core.errors import InvalidParameters

TEXT = math.schema()
NUMBER = sleep.schema()
SEVERAL: dict[str, Any] = {
    "properties": {
        "to": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "count": {"type": "integer"},
        "tags": {"type": "array"},
        "colour": {"$ref": "#/$defs/Colour"},
    },
    "required": ["to", "count"],
    "$defs": {"Colour": {"enum": ["red", "1"]}},
}


@pytest.mark.parametrize(
    ("schema", "text", "pairs", "parameters"),
    [
        (TEXT, "1 + 2 * 5", [], {"expression": "1 + 2 * 5"}),
        (TEXT, "11", [], {"expression": "11"}),
        (TEXT, '{"expression": "1"}', [], {"expression": "1"}),
        (NUMBER, "2.5", [], {"seconds": 2.5}),
        (NUMBER, "soon", [], {"seconds": "soon"}),
        (NUMBER, None, ["seconds=3"], {"seconds": 3}),
        (SEVERAL, '{"to": "a"}', ["count=2", 'tags=["x"]'], {"to": "a", "count": 2, "tags": ["x"]}),
        (SEVERAL, None, ["to=5", "colour=1", "new=true"], {"to": "5", "colour": "1", "new": True}),
        (SEVERAL, None, ["to=a=b"], {"to": "a=b"}),
        ({"properties": {"a": {"type": "string"}}}, "x", [], {"a": "x"}),
        ({}, None, [], {}),
    ],
)
def test_the_schema_guides(schema: dict[str, Any], text: str | None, pairs: list[str], parameters: Any) -> None:
    assert parse("t", schema, text, pairs) == parameters


@pytest.mark.parametrize(
    ("schema", "text", "pairs", "says"),
    [
        (SEVERAL, "5", [], "it takes: to, count, tags, colour"),
        ({}, "5", [], "it takes: none"),
        (TEXT, '{"expression": ', [], "not a valid JSON object"),
        (TEXT, '{"expression": NaN}', [], "not a valid JSON object"),
        (TEXT, "{" * 100_000, [], "not a valid JSON object"),
        (TEXT, None, ["expression"], "is not KEY=VALUE"),
        (TEXT, None, ["=1"], "is not KEY=VALUE"),
    ],
)
def test_what_has_no_meaning_is_refused(schema: dict[str, Any], text: str | None, pairs: list[str], says: str) -> None:
    with pytest.raises(InvalidParameters, match=says):
        parse("t", schema, text, pairs)


@given(st.dictionaries(st.sampled_from(["to", "count"]), st.one_of(st.integers(), st.text(), st.booleans())))
def test_a_json_object_means_itself(parameters: dict[str, Any]) -> None:
    assert parse("t", SEVERAL, json.dumps(parameters), []) == parameters
