"""`data_processing` on real tables."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskmill.catalogue.data import data_processing
from taskmill.catalogue.data.results import Found, Output, ResultTable
from tests.catalogue.context import RecordingContext

SALES = """day,region,price,quantity,customer
2024-01-05,north,2.50,4,7
2024-01-05,south,10.00,1,8
2024-02-11,north,3.00,2,7
2024-02-12,"east, far",1.25,8,9
2024-02-13,south,,3,8
"""


@pytest.fixture
def sales(roots: Path) -> Path:
    path = roots / "sales.csv"
    path.write_text(SALES)
    return path


def process(**parameters: Any) -> ResultTable:
    """As a worker does it: from JSON."""
    arguments = data_processing.decode(json.dumps(parameters))
    made = data_processing(RecordingContext(), **arguments)
    assert isinstance(made, ResultTable)
    assert json.loads(data_processing.encode_result(made))["result"] == "table"
    return made


def rows(*steps: dict[str, Any], **more: Any) -> list[list[Any]]:
    made = process(**{"data": {"file": "sales.csv"}, "steps": list(steps)} | more)
    return [list(row.values()) for row in made.rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("your data", Found("text", 9, 9, 1, 2)),
        ("", Found("empty", 0, 0, 0, 0)),
        ("größer\n", Found("text", 9, 7, 1, 1)),
        (SALES, Found("csv", 168, 168, 6, 7, 5, ["day", "region", "price", "quantity", "customer"])),
        ("a;b\n1;2\n", Found("csv", 8, 8, 2, 2, 1, ["a", "b"])),
        ("a\tb\n1\t2\n", Found("tsv", 8, 8, 2, 4, 1, ["a", "b"])),
        ('[{"a": 1}, {"b": 2}]', Found("json", 20, 20, 1, 4, 2, ["a", "b"])),
        ('{"a": [1]}', Found("json", 10, 10, 1, 2)),
        ('{"a": 1}\n{"a": 2}\n', Found("json_lines", 18, 18, 2, 4, 2, ["a"])),
        ("Dear all,\nthis, and that, is no table.", Found("text", 38, 38, 2, 8)),
    ],
)
def test_what_a_text_is(text: str, expected: Found) -> None:
    found = data_processing(RecordingContext(), text)
    assert isinstance(found, Found)
    assert found == expected


def test_a_file_is_described_and_its_first_rows_shown(sales: Path) -> None:
    made = process(data={"file": "sales.csv"}, rows=1)
    assert [(column.name, column.type) for column in made.columns] == [
        ("day", "date"),
        ("region", "text"),
        ("price", "number"),
        ("quantity", "integer"),
        ("customer", "integer"),
    ]
    assert made.rows == [{"day": "2024-01-05", "region": "north", "price": 2.5, "quantity": 4, "customer": 7}]
    assert (made.more, made.row_count, made.output) == (True, 5, None)


def test_each_step(sales: Path) -> None:
    assert [row[1] for row in rows({"do": "filter", "where": "price >= 2.5 and not region = 'south'"})] == [
        "north",
        "north",
    ]
    assert rows({"do": "derive", "column": "total", "expression": "price * quantity"})[0][-1] == 10.0
    assert rows({"do": "derive", "column": "price", "expression": "price + 1"})[0] == ["2024-01-05", "north", 3.5, 4, 7]
    assert rows({"do": "select", "columns": ["customer", "day"]}, {"do": "limit", "rows": 1}) == [[7, "2024-01-05"]]
    assert [row[2] for row in rows({"do": "sort", "by": [{"column": "price", "descending": True}]})] == [
        10.0,
        3.0,
        2.5,
        1.25,
        None,
    ]
    assert len(rows({"do": "limit", "rows": 2})) == 2


def test_group(sales: Path) -> None:
    figures = [
        {"function": "count"},
        {"function": "sum", "column": "quantity"},
        {"function": "avg", "column": "price", "name": "mean"},
        {"function": "count_distinct", "column": "customer"},
        {"function": "min", "column": "day"},
        {"function": "max", "column": "price"},
        {"function": "median", "column": "quantity"},
        {"function": "stddev", "column": "quantity"},
    ]
    group = {"do": "group", "by": ["region"], "aggregates": figures}
    made = process(data={"file": "sales.csv"}, steps=[group, {"do": "sort", "by": [{"column": "region"}]}])
    assert [column.name for column in made.columns][:5] == [
        "region",
        "count",
        "sum_quantity",
        "mean",
        "count_distinct_customer",
    ]
    assert list(made.rows[1].values())[:-1] == ["north", 2, 6, 2.75, 1, "2024-01-05", 3.0, 3.0]
    assert made.rows[1]["stddev_quantity"] == pytest.approx(2**0.5)
    assert rows({"do": "group", "by": [], "aggregates": [{"function": "sum", "column": "quantity"}]}) == [[18]]
    assert sorted(rows({"do": "group", "by": ["customer"], "aggregates": []})) == [[7], [8], [9]]


def test_join(roots: Path, sales: Path) -> None:
    names = [{"customer": 7, "name": "Ann"}, {"customer": 8, "name": "Bo"}, {"customer": 6, "name": "Cy"}]
    join = {"do": "join", "table": names, "on": ["customer"]}
    select = {"do": "select", "columns": ["customer", "quantity", "name"]}
    sort = {"do": "sort", "by": [{"column": "customer"}, {"column": "quantity"}]}
    assert rows(join, select, sort) == [[7, 2, "Ann"], [7, 4, "Ann"], [8, 1, "Bo"], [8, 3, "Bo"]]
    assert rows(join | {"how": "left"}, select, sort)[-1] == [9, 8, None]
    assert rows(join | {"how": "full"}, select, sort)[0] == [6, None, "Cy"]
    (roots / "names.jsonl").write_text("\n".join(json.dumps(one) for one in names))
    assert rows(join | {"table": {"file": "names.jsonl"}}, select, sort)[0] == [7, 2, "Ann"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3 - -4", 11),
        ("7 % 4 / 2", 1.5),
        ("(1 + 2) * 3", 9),
        ("round(2.345, 1) + abs(-1) + floor(1.9) + ceil(1.1) + sqrt(4)", 8.3),
        ("region || ': ' || quantity", "north: 4"),
        ("upper(region) || lower('X')", "NORTHx"),
        ("if(quantity > 3, 'many', 'few')", "many"),
        ("coalesce(null, price)", 2.5),
        ("year(day) * 100 + month(day)", 202401),
        ("text(customer) || '!'", "7!"),
        ("number('nope')", None),
        ("date('2024-03-01') > day", True),
        ("quantity between 1 and 4 and region not in ('south') and region like 'n%'", True),
        ("price is not null or false", True),
        ("not not true", True),
        ("contains(region, 'or') and starts_with(region, 'n') and ends_with(region, 'h')", True),
        ("length(trim('  a '))", 1),
        ("least(3, 1) + greatest(3, 1)", 4),
        ("'it''s'", "it's"),
        ('"price" + 1', 3.5),
        ("1 / 0", None),
        ("99999999999999999999", "99999999999999999999"),
    ],
)
def test_expressions(sales: Path, expression: str, value: Any) -> None:
    found = rows({"do": "derive", "column": "it", "expression": expression}, {"do": "limit", "rows": 1})[0][-1]
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_every_format_is_written_and_read_again(roots: Path, sales: Path, ending: str) -> None:
    steps = [{"do": "derive", "column": "total, all", "expression": "price * quantity"}]
    made = process(data={"file": "sales.csv"}, steps=steps, output=f"out.{ending}", rows=2)
    path = roots / f"out.{ending}"
    assert made.output == Output(f"out.{ending}", path.stat().st_size)
    assert (made.row_count, made.more, len(made.rows)) == (5, True, 2)
    again = process(data={"file": f"out.{ending}"})
    assert again.rows[:2] == made.rows
    assert [row["total, all"] for row in again.rows] == [10.0, 10.0, 6.0, 10.0, None]
    assert sorted(os.listdir(roots)) == [f"out.{ending}", "sales.csv"]


def test_a_csv_is_one_that_others_read(roots: Path, sales: Path) -> None:
    process(data={"file": "sales.csv"}, output="out.csv")
    with (roots / "out.csv").open(newline="") as file:
        assert list(csv.reader(file))[4] == ["2024-02-12", "east, far", "1.25", "8", "9"]


def test_types_are_kept_where_they_are_named(roots: Path) -> None:
    (roots / "places.csv").write_text("postcode;name\n01067;Dresden\n")
    named = {"file": "places.csv", "types": {"postcode": "text"}}
    made = process(data=named, output="out.csv")
    assert made.rows == [{"postcode": "01067", "name": "Dresden"}]
    assert (roots / "out.csv").read_text() == "postcode,name\n01067,Dresden\n"


def test_texts_and_rows_are_tables_too(roots: Path) -> None:
    step = {"do": "filter", "where": "b = 'x'"}
    for data in ("a,b\n1,x\n2,y\n", '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', [{"a": 1, "b": "x"}, {"a": 2}]):
        assert process(data=data, steps=[step]).rows == [{"a": 1, "b": "x"}]


def test_rows_with_different_columns(roots: Path) -> None:
    made = process(data=[{"a": 1}, {"b": True}, {"c": 1.5, "a": None}])
    assert made.rows == [
        {"a": 1, "b": None, "c": None},
        {"a": None, "b": True, "c": None},
        {"a": None, "b": None, "c": 1.5},
    ]


def test_a_result_stays_small(roots: Path) -> None:
    (roots / "wide.csv").write_text("a\n" + f"{'x' * 20_000}\n" * 200)
    made = process(data={"file": "wide.csv"}, rows=200)
    assert made.more
    assert len(made.rows) == 2**20 // 20_008
    assert len(msgspec.json.encode(made)) < 2**20 + 1000


def test_nothing_of_the_engine_stays_behind(roots: Path, sales: Path) -> None:
    process(data={"file": "sales.csv"}, steps=[{"do": "sort", "by": [{"column": "price"}]}])
    assert os.listdir(roots.parent / "state" / "spill") == []
