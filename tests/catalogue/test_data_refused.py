"""What `data_processing` refuses: each hostile input with its clear words, and nothing left behind."""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from taskmill import InvalidParameters
from taskmill.catalogue import settings
from taskmill.catalogue.data import data_processing, engine
from taskmill.catalogue.refusal import MissingExtra, Refusal
from taskmill.catalogue.settings import DataEngineLimits
from taskmill.executors.contract import StopRequested
from tests.catalogue.context import RecordingContext

TABLE: list[dict[str, str | int | float | bool | None]] = [{"price": 2.5, "region": "north"}]


def refusal(**parameters: Any) -> str:
    arguments = data_processing.decode(json.dumps(parameters))
    with pytest.raises(Refusal) as refused:
        data_processing(RecordingContext(), **arguments)
    return str(refused.value)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("pric > 1", "column 1: there is no column 'pric'; did you mean price?"),
        ("PRICE > 1", "there is no column 'PRICE'; did you mean price?"),
        ("price > 1; drop table s0", "column 10: ';' is not part of an expression"),
        ("price) from s0 --", "column 6: ')' is not expected"),
        ("price -- comment", "column 10: there is no column 'comment'"),
        ("price /* x */", "column 8: a value should stand here, not '*'"),
        ("(select 1)", "column 2: there is no column 'select'"),
        ("read_text('/etc/passwd') = ''", "column 1: there is no function 'read_text'; known are abs"),
        ("getenv('HOME') = ''", "there is no function 'getenv'"),
        ("getvariable('x') = ''", "there is no function 'getvariable'"),
        ("current_setting('x') = ''", "there is no function 'current_setting'"),
        ("repeat('x', 1000000000) = ''", "there is no function 'repeat'"),
        ("\"x\" from read_csv('/etc/passwd') = 1", "there is no column 'x'"),
        ('"price"" ; drop" = 1', "there is no column 'price\" ; drop'"),
        ("'open", "column 1: the text that begins here has no end"),
        ('"open', "column 1: the name that begins here has no end"),
        ("price = 'a' || 'b' || ('c' || 'd')", "at most 10 texts can be joined"),
        (" || ".join(["region"] * 11), "at most 10 texts can be joined"),
        ("(" * 40 + "1" + ")" * 40, "nested deeper than 30 levels"),
        ("-" * 900 + "region", "region is a text, and a number is needed; number(region) makes one of it"),
        ("abs(1, 2) > 1", "abs takes 1 value, not 2"),
        ("round() > 1", "a value should stand here, not ')'"),
        ("if(true) > 1", "if takes 3 values, not 1"),
        ("price >", "column 8: the expression ends where a value should follow"),
        ("price 5", "column 7: '5' is not expected; an operator may be missing before it"),
        ("price not 5", "after not there may be in, between or like"),
        ("(price", ") is missing"),
        ("price is 5", "null is missing before '5'"),
        ("1e999 > 1", "1e999 is too large a number"),
        ("$1 > 1", "column 1: '$' is not part of an expression"),
        ("price > 'abc'", "column 14: price is a number and 'abc' a text; make them alike"),
    ],
)
def test_hostile_and_wrong_expressions(roots: Path, expression: str, words: str) -> None:
    said = refusal(data=TABLE, steps=[{"do": "filter", "where": expression}])
    assert words in said
    assert "s0" not in said or "s0" in expression


def text_that_doubles() -> list[dict[str, Any]]:
    double = {"do": "derive", "column": "region", "expression": " || ".join(["region"] * 10)}
    return [double] * 20


def too_long() -> str:
    return "a\n" + "x" * 10_001 + "\n"


STEPS: dict[str, tuple[dict[str, Any], str]] = {
    "texts that double": ({"data": TABLE, "steps": text_that_doubles()}, "has more than 10000 characters"),
    "an unknown column": (
        {"data": TABLE, "steps": [{"do": "sort", "by": [{"column": "prize"}]}]},
        "step 1 (sort): there is no column 'prize'; did you mean price?",
    ),
    "a column twice": (
        {"data": TABLE, "steps": [{"do": "select", "columns": ["price", "price"]}]},
        "two columns would have the same name, 'price'",
    ),
    "a column in other letters, in a Parquet file": (
        {"data": TABLE, "steps": [{"do": "derive", "column": "Price", "expression": "1"}], "output": "it.parquet"},
        "a Parquet file can't have both 'price' and 'Price'",
    ),
    "a hostile name": (
        {"data": [{'a" FROM s0; --': 1}], "steps": [{"do": "select", "columns": ["a"]}]},
        "there is no column 'a'",
    ),
    "no column to sum": (
        {"data": TABLE, "steps": [{"do": "group", "by": [], "aggregates": [{"function": "sum"}]}]},
        "sum needs a column; only count does without",
    ),
    "nothing to group": ({"data": TABLE, "steps": [{"do": "group", "by": [], "aggregates": []}]}, "name columns to"),
    "texts to sum": (
        {"data": TABLE, "steps": [{"do": "group", "by": [], "aggregates": [{"function": "sum", "column": "region"}]}]},
        "sum needs numbers, and the column 'region' is text",
    ),
    "columns of both tables": (
        {"data": TABLE, "steps": [{"do": "join", "table": TABLE, "on": ["region"]}]},
        "both tables have a column 'price'",
    ),
    "a column the other lacks": (
        {"data": TABLE, "steps": [{"do": "join", "table": [{"a": 1}], "on": ["region"]}]},
        "in the other table, there is no column 'region'; there are a",
    ),
    "a text that is no table": ({"data": "just words", "steps": [{"do": "limit", "rows": 1}]}, "the data is text, no"),
    "no rows": ({"data": []}, "the data has no rows"),
    "rows without columns": ({"data": [{}, {}]}, "the data has no rows"),
    "a file elsewhere": ({"data": {"file": "../x.csv"}}, "has a '..' in it"),
    "an absolute file": ({"data": {"file": "/etc/passwd", "format": "csv"}}, "is not below"),
    "a URL": ({"data": {"file": "https://example.com/a.csv"}}, "there is no file 'https:/example.com/a.csv'"),
    "a pattern": ({"data": {"file": "*.csv"}}, "there is no file '*.csv'"),
    "an unknown ending": ({"data": {"file": "a.xlsx"}}, "there is no file 'a.xlsx'"),
    "an output elsewhere": ({"data": TABLE, "output": "../out.csv"}, "has a '..' in it"),
    "an output of no format": ({"data": TABLE, "output": "out.txt"}, "'out.txt' ends in .txt; known are .csv"),
}


@pytest.mark.parametrize(("parameters", "words"), STEPS.values(), ids=STEPS)
def test_steps_and_names(roots: Path, parameters: dict[str, Any], words: str) -> None:
    assert words in refusal(**parameters)
    assert os.listdir(roots) == []


WIDE = ",".join(f"c{n}" for n in range(10_000))
FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "10 000 columns": ("it.csv", lambda: f"{WIDE}\n{'1,' * 9_999}1\n".encode(), "it.csv has 10,000 columns; at most"),
    "10 000 names": (
        "it.jsonl",
        lambda: json.dumps({f"c{n}": 1 for n in range(10_000)}).encode(),
        "it.jsonl has 10,000 columns; at most 1,000 are taken",
    ),
    "an endless line": ("it.csv", lambda: b"a" * 2_000_000, "it.csv: line 1 has more than 1,048,576 bytes"),
    "an endless line later": (
        "it.csv",
        lambda: b"a,b\n1,2\n" + b"x" * 2_000_000,
        "it.csv: line 3 has more than 1,048,576 bytes",
    ),
    "an empty file": ("it.csv", lambda: b"", "it.csv: it is empty; a table begins with the names of its columns"),
    "no Parquet": ("it.parquet", lambda: b"hello", "File 'it.parquet' too small to be a Parquet file"),
    "a cut Parquet": ("it.parquet", lambda: b"PAR1" + bytes(99), "No magic bytes found at end of file 'it.parquet'"),
    "no JSON": ("it.jsonl", lambda: b'{"a": 1}\nnope\n', "it.jsonl: line 2: no JSON, column 1"),
    "fields that are missing": ("it.csv", lambda: b"a,b\n1,2\n3\n", "it.csv: line 3 has 1 field; its header names 2"),
    "a folder": ("folder/x.csv", lambda: b"", "'folder' is a link"),
}


@pytest.mark.parametrize(("name", "content", "words"), FILES.values(), ids=FILES)
def test_files(roots: Path, name: str, content: Callable[[], bytes], words: str) -> None:
    if "/" in name:
        (roots / "folder").symlink_to("/etc")
    else:
        (roots / name).write_bytes(content())
    said = refusal(data={"file": name}, output="out.csv")
    assert words in said
    assert "/dev/fd" not in said
    assert os.listdir(roots) == [name.split("/")[0]]


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({}, "$.data"),
        ({"data": 5}, "$.data"),
        ({"data": [{"a": {"b": 1}}]}, "$.data[0]"),
        ({"data": "a", "steps": [{"do": "sql", "query": "select 1"}]}, "$.steps[0].do"),
        ({"data": "a", "steps": [{"do": "limit", "rows": 1}] * 21}, "$.steps"),
        ({"data": "a", "steps": [{"do": "filter", "where": "1" * 1001}]}, "$.steps[0].where"),
        ({"data": "a", "rows": 1001}, "$.rows"),
        ({"data": {"file": "x", "glob": True}}, "$.data"),
        ({"data": {"file": ""}}, "$.data.file"),
    ],
)
def test_parameters(parameters: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        data_processing.decode(json.dumps(parameters))
    assert refused.value.problems[0].path.startswith(path)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('{own}/../secret.csv')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
    ],
)
def test_the_engine_is_locked_in_whatever_reaches_it(roots: Path, statement: str) -> None:
    """The second wall: expressions cannot say these things at all."""
    own = roots / "own.csv"
    own.write_text("a\n1\n")
    (roots.parent / "secret.csv").write_text("secret\n")
    with engine.opened(RecordingContext(), roots.parent / "spill", {str(own): "own"}) as locked:
        assert locked.rows(f"SELECT * FROM read_csv('{own}')", 9) == [(1,)]
        with pytest.raises((Refusal, duckdb.Error)):
            locked.rows(statement.format(own=own, folder=roots), 9)
    assert os.listdir(roots) == ["own.csv"]


def test_an_output_without_end_is_stopped(roots: Path) -> None:
    settings.use(replace(settings.current(), data_engine=DataEngineLimits(largest_output=1_000_000)))
    same = [{"key": 1, "n": n} for n in range(10_000)]
    other = [{"key": 1, "m": n} for n in range(10_000)]
    steps = [{"do": "join", "table": other, "on": ["key"]}]
    assert refusal(data=same, steps=steps, output="out.csv").startswith("the output would be larger than 1,000,000")
    assert os.listdir(roots) == []


def test_a_statement_that_is_deaf_to_an_interrupt_is_given_up(roots: Path) -> None:
    class Hangs(RecordingContext):
        gave_up = False

        def give_up(self) -> None:
            self.gave_up = True
            heard.set()

    class Connection:
        interrupts = 0

        def interrupt(self) -> None:
            self.interrupts += 1

        def execute(self, sql: str) -> Any:
            assert heard.wait(10)
            raise duckdb.InterruptException

    limits = DataEngineLimits(interrupt_timeout=0.02)
    heard, told, connection = threading.Event(), Hangs(), Connection()
    told.request_stop()
    (spill := roots.parent / "spill").mkdir()
    with pytest.raises(StopRequested):
        engine.Engine(told, connection, {}, spill, limits).rows("SELECT 1", 1)  # type: ignore[arg-type]
    assert told.gave_up
    assert connection.interrupts == 2
    assert not spill.exists()


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(
        MissingExtra, match=r'this worker lacks duckdb; install it there: pip install "taskmill\[data\]"'
    ):
        data_processing(RecordingContext(), TABLE)
    assert isinstance(data_processing(RecordingContext(), "words"), object)
