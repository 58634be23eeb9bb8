"""What steps make of values is exact, in the order of the rows, and of values that are alike."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from taskmill.catalogue.refusal import Refusal
from tests.catalogue.tables import SUM_A, of, process, refused


def parquet(roots: Path, *selected: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {', '.join(selected)}) TO '{roots}/it.parquet'")


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("12345678901234567890123456789012345.678::DECIMAL(38, 3)", "12345678901234567890123456789012345.678"),
        ("18446744073709551615::UBIGINT", "18446744073709551615"),
        ("2.50::DECIMAL(5, 2)", 2.5),
        ("0.1::FLOAT", 0.1),
        ("'inf'::DOUBLE", "Infinity"),
        ("TIME '10:00:00.5'", "10:00:00.5"),
        ("TIMESTAMP_NS '2024-01-05 10:00:00.123456789'", "2024-01-05T10:00:00.123456789"),
        ("TIMESTAMPTZ '2024-01-05 10:00:00+02'", "2024-01-05T08:00:00Z"),
        ("INTERVAL 3 DAY", "3 days"),
        ("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("'\\xAA\\x00'::BLOB", "aa00"),
        ("'b'::ENUM('a', 'b')", "b"),
        ("{'x': [1, 2], 'y': 12345678901234567890.5}", {"x": [1, 2], "y": "12345678901234567890.5"}),
        ("MAP {'k': 1}", {"k": 1}),
        ("NULL::INTEGER", None),
    ],
)
def test_parquet_is_read_digit_by_digit(roots: Path, sql: str, value: Any) -> None:
    parquet(roots, f"{sql} AS a")
    assert process(data={"file": "it.parquet"}).rows == [{"a": value}]
    process(data={"file": "it.parquet"}, output="out.jsonl")
    assert process(data={"file": "out.jsonl"}).rows == [{"a": value}]
    process(data={"file": "it.parquet"}, output="out.csv")
    shown = process(data={"file": "it.parquet"}, output="again.parquet").rows
    assert shown == [{"a": value}]


def test_a_sum_of_integers_stays_one_in_parquet(roots: Path) -> None:
    of(roots, "a\n9007199254740993\n0\n", steps=SUM_A, output="out.parquet")
    big = "a\n" + "9223372036854775807\n" * 3
    assert of(roots, big, steps=SUM_A, output="big.parquet").rows == [{"it": str(3 * (2**63 - 1))}]
    with duckdb.connect() as connection:
        for name, type, value in (("out", "BIGINT", 2**53 + 1), ("big", "DECIMAL(38,0)", Decimal(3 * (2**63 - 1)))):
            found = connection.execute(f"SELECT typeof(it), it FROM '{roots}/{name}.parquet'").fetchall()
            assert found == [(type, value)]
    assert process(data={"file": "big.parquet"}).rows == [{"it": str(3 * (2**63 - 1))}]


def it(roots: Path, expression: str, content: str = "a,b,d,n\n3,x,2024-01-05,0.1\n") -> Any:
    steps = [{"do": "derive", "column": "it", "expression": expression}]
    return of(roots, content, steps=steps).rows[0]["it"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a / 0", None),
        ("a % 0", None),
        ("n / (a - 3)", None),
        ("ln(0)", None),
        ("sqrt(-1)", None),
        ("n + 0.2 = 0.3", True),
        ("n * 3", 0.3),
        ("9007199254740993 * a", 27021597764222979),
        ("number('x')", None),
        ("number('1_000')", None),
        ("number(' 1.5 ')", 1.5),
        ("date('05-01-24')", None),
        ("date('2024-01-05 10:00')", "2024-01-05"),
        ("timestamp('2024-01-05 10:00') > d", True),
        ("d > '2024-01-04'", True),
        ("d + 1 - d", 1),
        ("coalesce(null, b)", "x"),
        ("if(true, n, a)", 0.1),
    ],
)
def test_expressions_are_exact(roots: Path, expression: str, value: Any) -> None:
    assert it(roots, expression) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("b > 1", "b is a text and 1 a number; make them alike"),
        ("a = '3'", "a is a number and '3' a text"),
        ("a in (1, 'x')", "a is a number and 'x' a text"),
        ("a = true", "a is a number and true a boolean"),
        ("b + 1", "b is a text, and a number is needed; number(b) makes one of it"),
        ("year(b)", "b is a text, and a date or timestamp is needed; date(b) makes one of it"),
        ("lower(a)", "a is a number, and a text is needed; text(a) makes one of it"),
        ("a and true", "a is a number, and a condition is needed"),
        ("coalesce(a, b)", "a is a number and b a text"),
        ("if(a, 1, 2)", "a is a number, and a condition is needed"),
        ("9223372036854775807 * a", "a number becomes too large for its type"),
        ("1" * 39 + " + a", "has more than 38 digits"),
        ("d + 'x'", "a date takes days"),
    ],
)
def test_what_is_not_alike_is_not_compared(roots: Path, expression: str, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        it(roots, expression)
    assert words in str(refused.value)


def test_a_join_is_of_columns_that_are_alike(roots: Path) -> None:
    (roots / "codes.csv").write_text("a,c\n007,x\n")
    join = {"do": "join", "table": {"file": "codes.csv"}, "on": ["a"]}
    words = "step 1 (join): the column 'a' is integer here and text in the other table"
    assert words in refused(roots, "a\n7\n", steps=[join])
    alike = join | {"table": [{"a": 7.0, "c": "x"}]}
    assert of(roots, "a\n7\n", steps=[alike]).rows == [{"a": 7, "c": "x"}]
    full = of(roots, "a\n1.50\n", steps=[join | {"table": [{"a": 2, "c": "x"}], "how": "full"}], output="o.csv")
    assert sorted((roots / "o.csv").read_text().split()) == ["1.50,", "2,x", "a,c"]
    assert sorted(row["a"] for row in full.rows) == [1.5, 2.0]


def test_rows_keep_their_order(roots: Path) -> None:
    rows = [(n * 7919 % 10, n) for n in range(50_000)]
    content = "k,n\n" + "".join(f"{k},{n}\n" for k, n in rows)
    of(roots, content, steps=[{"do": "sort", "by": [{"column": "k"}]}], output="out.csv")
    lines = (roots / "out.csv").read_text().split()[1:]
    assert [tuple(map(int, line.split(","))) for line in lines] == sorted(rows, key=lambda row: row[0])
    group = {"do": "group", "by": ["k"], "aggregates": [{"function": "count"}]}
    assert [row["k"] for row in of(roots, content, steps=[group]).rows] == list(dict.fromkeys(k for k, _ in rows))


def test_a_group_by_a_number_keeps_how_it_was_written(roots: Path) -> None:
    group = {"do": "group", "by": ["a"], "aggregates": [{"function": "count"}]}
    of(roots, "a\n1.5\n2.25\n1.5\n", steps=[group], output="out.csv")
    assert (roots / "out.csv").read_text() == "a,count\n1.5,2\n2.25,1\n"
    made = of(roots, '{"a": 1}\n{"a": "1"}\n', "it.jsonl", steps=[group])
    assert made.rows == [{"a": 1, "count": 1}, {"a": "1", "count": 1}]


def test_an_empty_table_is_written_as_one(roots: Path) -> None:
    nothing = [{"do": "filter", "where": "a > 9"}]
    for ending, content in {"csv": "a,b\n", "jsonl": "", "json": "[\n\n]\n"}.items():
        of(roots, "a,b\n1,x\n", steps=nothing, output=f"out.{ending}")
        assert (roots / f"out.{ending}").read_text() == content
