"""Of CSV, nothing is lost, rounded or read as something else: it comes out as it went in, or is refused."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.catalogue.context import RecordingContext
from tests.catalogue.tables import SUM_A, cells, of, process, refused


def column(roots: Path, *texts: str, **how: Any) -> tuple[str, list[Any]]:
    """The type that is found for a column of these texts, and its values."""
    made = of(roots, "a,b\n" + "".join(f"{text},x\n" for text in texts), **how)
    return made.columns[0].type, [row["a"] for row in made.rows]


def test_rows_that_begin_with_a_hash(roots: Path) -> None:
    made = of(roots, "a,b\n#1,2\n# x,3\n")
    assert [list(row.values()) for row in made.rows] == [["#1", 2], ["# x", 3]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2,3\n", "it.csv: line 2 has 3 fields; its header names 2"),
        ("a,b\n" + "1,2\n" * 2_500 + "1,2,3\n", "it.csv: line 2,502 has 3 fields; its header names 2"),
        ('a,b\n"x\ny",2\n\n1\n', "it.csv: line 5 has 1 field; its header names 2"),
        ("a,b,\n1,2\n", "it.csv: line 2 has 2 fields; its header names 3"),
        ("a,b\n1,2\n   \n", "it.csv: line 3 has 1 field"),
        ('a,b\n1,"x"y\n', "line 2: a quote closes before the end of its field"),
        ('a,b\n1,"x\n2,3\n', "line 2: a quote is opened and never closed"),
        ("a,b,a\n1,2,3\n", "fields 1 and 3 of the header are both 'a'"),
        ("a,b\n1,\xe9\n".encode("latin-1"), "line 2: the byte 0xE9 is no utf-8; name the file's `encoding`"),
        ("a,b\n1,2\n".encode("utf-16-le"), "name its encoding, such as 'utf-16-le'"),
        ("a;b|c;d|e\n1;2|3;4|5\n", "its rows can be divided by ';' or '|'; name its `delimiter`"),
        ("\n\n", "it.csv: it is empty"),
        ("a,b\n" + ("x" * 600_000 + "," + "y" * 600_000 + "\n") * 2, "line 2 has more than 1,048,576 bytes"),
        ('a,b\n1,"' + "x\n" * 600_000 + '"\n', "line 2: a field has more than 1,048,576 characters"),
    ],
)
def test_csv_that_is_refused(roots: Path, content: str | bytes, words: str) -> None:
    assert words in refused(roots, content)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("a,b\r1,x\r2,y\r", [[1, "x"], [2, "y"]]),
        ("a,b\r\n1,x\r\n2,y", [[1, "x"], [2, "y"]]),
        ("sep=;\na;b\n1;x,y\n", [[1, "x,y"]]),
        ('"sep=\t"\na\tb\n1\tx\n', [[1, "x"]]),
        ('"a, all";b\n1;x\n', [[1, "x"]]),
        ("a;b\n1,5;x\n", [["1,5", "x"]]),
        ("a\tb\n1,5\tx\n", [["1,5", "x"]]),
        ("\ufeffa,b\n1,x\n", [[1, "x"]]),
        ('\ufeff"a, b",c\n1,x\n', [[1, "x"]]),
        ("\ufeffa,b\n1,ü\n".encode("utf-16-le"), [[1, "ü"]]),
        ("\ufeffa,b\n1,ü\n".encode("utf-16-be"), [[1, "ü"]]),
        ("\ufeffa,b\n1,ü\n".encode("utf-32-le"), [[1, "ü"]]),
        ('a,b\n"x\r\ny","say ""hi"""\n', [["x\r\ny", 'say "hi"']]),
        ('a,b\nx"y, z\n', [['x"y', " z"]]),
        ("a,b\n\n1,x\n\n\n", [[1, "x"]]),
        ("a,b,\n1,x,\n", [[1, "x", None]]),
        (",a\n0,x\n", [[0, "x"]]),
        ("a,b\n1,x\0y\n", [[1, "x\0y"]]),
        ("a,b\n", []),
        ("a,A\n1,2\n", [[1, 2]]),
        ("a,b\n1,\u2028\x0b\x0c\x1c\n", [[1, "\u2028\x0b\x0c\x1c"]]),
        ("a\n\n1\n\n2\n", [[1], [2]]),
        ("a,b\n,''\n", [[None, "''"]]),
    ],
)
def test_csv_is_read_as_others_read_it(roots: Path, content: str | bytes, rows: list[list[Any]]) -> None:
    assert [list(row.values()) for row in of(roots, content).rows] == rows


def test_an_encoding_a_delimiter_and_what_means_null_can_be_named(roots: Path) -> None:
    assert of(roots, "a,b\n1,é\n".encode("latin-1"), encoding="latin-1").rows == [{"a": 1, "b": "é"}]
    assert of(roots, "a,b\n1,ł\n".encode("windows-1250"), encoding="windows-1250").rows == [{"a": 1, "b": "ł"}]
    assert of(roots, "a,b\n1,é\n".encode("utf-16-le"), encoding="utf-16-le").rows == [{"a": 1, "b": "é"}]
    assert of(roots, "a;b|c;d|e\n1;2|3;4|5\n", delimiter="|").rows == [{"a;b": "1;2", "c;d": "3;4", "e": 5}]
    assert column(roots, "1", "NA", "n/a", "3", nulls=["NA", "n/a"]) == ("integer", [1, None, None, 3])
    assert "delimiter, encoding and nulls are for CSV" in refused(roots, "{}", "it.jsonl", delimiter=";")


@pytest.mark.parametrize(
    ("texts", "type", "values"),
    [
        (["1", "", "-3"], "integer", [1, None, -3]),
        (["0", "9223372036854775807"], "integer", [0, 2**63 - 1]),
        (["9223372036854775808"], "integer", ["9223372036854775808"]),
        (["1" * 38], "integer", ["1" * 38]),
        (["1" * 50], "text", ["1" * 50]),
        (["2.50", "10"], "number", [2.5, 10.0]),
        (["0.12345678901234567890123"], "number", ["0.12345678901234567890123"]),
        (["12345678901234567890.5", ".5"], "number", ["12345678901234567890.5", 0.5]),
        (["1e-05", "1.5E10", "1e+300"], "number", [1e-05, 1.5e10, 1e300]),
        (["1e400", "1.5"], "text", ["1e400", "1.5"]),
        (["00042", "1"], "text", ["00042", "1"]),
        (["1e5", "2"], "text", ["1e5", "2"]),
        (["+49301234"], "text", ["+49301234"]),
        (["1_000"], "text", ["1_000"]),
        (["1 000", " 1"], "text", ["1 000", " 1"]),
        (["0x1F", "1."], "text", ["0x1F", "1."]),
        (["inf", "nan"], "text", ["inf", "nan"]),
        (["NA", "null", "None", "NULL"], "text", ["NA", "null", "None", "NULL"]),
        (["-0", "1"], "integer", [0, 1]),
        (["true", "False", "TRUE"], "boolean", [True, False, True]),
        (["yes", "no"], "text", ["yes", "no"]),
        (["t", "f"], "text", ["t", "f"]),
        (["2024-02-29", "0001-01-01"], "date", ["2024-02-29", "0001-01-01"]),
        (["2023-02-29"], "text", ["2023-02-29"]),
        (["24-01-05", "05.01.2024", "01/02/2024", "2024/01/05"], "text", None),
        (["12:30:59.5", "23:00"], "text", ["12:30:59.5", "23:00"]),
        (["2024-01-05 10:00:00"], "timestamp", ["2024-01-05 10:00:00"]),
        (["2024-01-05T10:00:00.123456789"], "timestamp", ["2024-01-05T10:00:00.123456789"]),
        (["2024-01-05T10:00:00+02:00", "2024-01-05T10:00:00Z"], "timestamp", None),
        (["2024-01-05T10:00:00Z", "2024-01-05T10:00:00"], "text", None),
        (["2024-01-05T24:00:00"], "text", None),
        (["infinity", "epoch"], "text", ["infinity", "epoch"]),
        (["6ba7b810-9dad-11d1-80b4-00c04fd430c8"], "text", None),
    ],
)
def test_a_type_is_found_over_the_whole_column(
    roots: Path, texts: list[str], type: str, values: list[Any] | None
) -> None:
    assert column(roots, *texts) == (type, texts if values is None else values)


def test_what_comes_late_counts(roots: Path) -> None:
    many = "".join("1\n" for _ in range(30_000))
    assert of(roots, "a\n" + many + "0.4\n" * 1_000, steps=SUM_A).rows == [{"it": 30_400.0}]
    ctx = RecordingContext()
    (roots / "it.csv").write_text("a,b\n" + "1,2\n" * 30_000 + "00042,2\n")
    made = process(ctx, data={"file": "it.csv"}, steps=[{"do": "filter", "where": "a != '1'"}])
    assert (made.columns[0].type, made.rows) == ("text", [{"a": "00042", "b": 2}])
    assert ctx.lines == ["it.csv: line 30,002, column 'a': '00042' is no integer, so the column is text"]


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("text", "1.50", "1.50"),
        ("integer", "+007", 7),
        ("number", "1e5", 100_000),
        ("number", "+.5", 0.5),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("date", "2024-01-05", "2024-01-05"),
        ("timestamp", "2024-01-05T10:00Z", "2024-01-05T10:00Z"),
    ],
)
def test_types_that_are_named(roots: Path, type: str, text: str, value: Any) -> None:
    assert column(roots, text, "", types={"a": type}) == (type, [value, None])


@pytest.mark.parametrize(
    ("type", "text", "words"),
    [
        ("integer", "1.5", "'1.5' is no integer such as 42"),
        ("integer", "1" * 50, "its numbers need more than 38 digits; name its type text"),
        ("number", "1,5", "'1,5' is no number such as 2.5"),
        ("number", "inf", "'inf' is no number such as 2.5"),
        ("boolean", "maybe", "'maybe' is no boolean such as true or false"),
        ("date", "05.01.24", "'05.01.24' is no date such as 2024-01-31"),
        ("timestamp", "10:00", "'10:00' is no timestamp such as 2024-01-31T12:00:00"),
    ],
)
def test_a_value_that_is_not_of_the_named_type(roots: Path, type: str, text: str, words: str) -> None:
    content = 'a,b\n,"x\ny"\n' + f'"{text}",x\n'
    said = refused(roots, content, types={"a": type})
    assert words in said
    assert "column 'a'" in said
    assert ("line 4" in said) == ("digits" not in said)
    assert "there is no column 'c'" in refused(roots, content, types={"c": "text"})


tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6))


@pytest.mark.slow
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tables, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([",", ";", "\t"]))
def test_what_no_step_touches_comes_out_as_it_came_in(
    roots: Path, table: list[list[str]], end: str, delimiter: str
) -> None:
    names = [f"c{at}" for at in range(len(table[0]) if table else 1)]
    ends = {"\r", "\n"} & set("".join(text for row in table for text in row))  # left unquoted before Python 3.13
    quoting: Literal[0, 1] = csv.QUOTE_ALL if ends else csv.QUOTE_MINIMAL
    with (roots / "it.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator=end, delimiter=delimiter, quoting=quoting).writerows([names, *table])
    process(data={"file": "it.csv", "delimiter": delimiter}, steps=[{"do": "limit", "rows": 9}], output="out.csv")
    with (roots / "out.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [names, *table]
    process(data={"file": "it.csv", "delimiter": delimiter}, output="out.jsonl")
    rows = [json.loads(line, parse_float=Decimal) for line in (roots / "out.jsonl").read_text().split("\n") if line]
    assert [[value is None for value in row.values()] for row in rows] == [[not text for text in row] for row in table]
