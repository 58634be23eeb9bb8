"""Parameters with alternatives: what the service says of those that do not fit."""

from typing import Any

import jsonschema_rs
import pytest

from taskmill import InvalidParameters
from taskmill.catalogue import app
from taskmill.service.parameters import check, to_json

SPLIT = {"filename": "a", "operation": {"kind": "split"}}


@pytest.mark.parametrize(
    ("task_type", "parameters", "path", "message"),
    [
        ("file_processing", SPLIT, "$.operation.every", "is required"),
        (
            "file_processing",
            {"filename": "a", "operation": {"kind": "delete"}},
            "$.operation.kind",
            "must be one of inspect, checksum, count, compress, decompress, split, merge, resize, convert",
        ),
        ("file_processing", {"filename": "a", "operation": {}}, "$.operation.kind", "is required"),
        (
            "file_processing",
            {"filename": "a", "operation": {"kind": "split", "every": 0}},
            "$.operation.every",
            "0 is less than the minimum of 1",
        ),
        (
            "file_processing",
            {"filename": "a", "operation": {"kind": "compress", "level": 3}},
            "$.operation.level",
            "is not expected",
        ),
        (
            "file_processing",
            {"filename": "a", "operation": {"kind": "compress", "format": "rar"}},
            "$.operation.format",
            '"rar" is not one of "bz2", "gzip" or 2 other candidates',
        ),
        ("data_processing", {"data": {"file": 1}}, "$.data.file", '1 is not of type "string"'),
        (
            "data_processing",
            {"data": "a", "steps": [{"do": "sql"}]},
            "$.steps[0].do",
            "must be one of filter, derive, select, group, sort, join, limit",
        ),
        ("data_processing", {"data": "a", "steps": [{"do": "limit"}]}, "$.steps[0].rows", "is required"),
        ("simulation", {"model": {"name": "e"}}, "$.model.name", "must be one of pi, option_price, random_walk"),
        ("report", {"about": {"kind": "data"}}, "$.about.sections", "is required"),
        (
            "report",
            {"about": {"kind": "data", "sections": [{"heading": "a", "chart": {"kind": "pie", "x": "a", "y": ["b"]}}]}},
            "$.about.sections[0].chart.kind",
            '"pie" is not one of "bar" or "line"',
        ),
        ("data_processing", {"data": 5}, "$.data", "must be array or object or string"),
        ("simulation", {"model": "pi"}, "$.model", "must be object"),
    ],
)
def test_the_path_is_that_of_the_bad_field(task_type: str, parameters: dict[str, Any], path: str, message: str) -> None:
    schema = app.tasks[task_type].schema()
    with pytest.raises(InvalidParameters) as refused:
        check(parameters, to_json(parameters), jsonschema_rs.validator_for(schema), list(schema["properties"]))
    problem = refused.value.problems[0]
    assert problem.path == path.replace("$", "$.parameters")
    assert problem.message.startswith(message)
