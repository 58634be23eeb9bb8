"""`data_processing` as a worker does it: from JSON, and on files."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from taskmill.catalogue.data import data_processing
from taskmill.catalogue.data.results import ResultTable
from taskmill.catalogue.refusal import Refusal
from tests.catalogue.context import RecordingContext

SUM_A = [{"do": "group", "by": [], "aggregates": [{"function": "sum", "column": "a", "name": "it"}]}]


def process(ctx: RecordingContext | None = None, **parameters: Any) -> ResultTable:
    made = data_processing(ctx or RecordingContext(), **data_processing.decode(json.dumps(parameters)))
    assert isinstance(made, ResultTable)
    return made


def of(roots: Path, content: str | bytes, name: str = "it.csv", **how: Any) -> ResultTable:
    (roots / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    parameters = {key: how.pop(key) for key in ("steps", "output", "rows") if key in how}
    return process(data={"file": name, **how}, **parameters)


def refused(roots: Path, content: str | bytes, name: str = "it.csv", **how: Any) -> str:
    with pytest.raises(Refusal) as refused:
        of(roots, content, name, **how)
    return str(refused.value)


cells = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.text("\",;\n\r\t #'\\0.", max_size=6),
    st.sampled_from(["1.50", "00", "1e5", "-0", "+1", "NULL", "True", "2024-01-05 10:00", "1e-3", "007", ".5", "NaN"]),
    st.integers().map(str),
    st.floats().map(repr),
    st.decimals().map(str),
    st.datetimes().map(str),
)
