"""Whatever an expression says, it becomes one value over the columns there are, or a refusal."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskmill.catalogue.data.columns import TableColumn
from taskmill.catalogue.data.expressions import to_sql
from taskmill.catalogue.data.functions import FUNCTIONS
from taskmill.catalogue.refusal import Refusal

COLUMNS = [
    TableColumn("a", "a", "INTEGER"),
    TableColumn("b", "b", "VARCHAR"),
    TableColumn('odd" name', "odd", "DECIMAL(2, 1)"),
    TableColumn("select", "c4", "BOOLEAN"),
]
PIECES = [
    *(column.name for column in COLUMNS),
    *FUNCTIONS,
    *"+-*/%=<>(),;'\"\\",
    "||",
    "--",
    "/*",
    "*/",
    "<=",
    "!=",
    "and",
    "or",
    "not",
    "in",
    "is",
]
PIECES += ["null", "like", "between", "1", "2.5", ".5", "1e3", "'x'", "''", '"a"', '"odd"" name"', " ", "\n", "SELECT"]
PIECES += ["FROM read_text('/etc/passwd')", "$1", "?", ":x", "::int", "[1]", "{", "é", "\0"]
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))


# In quotes: pytest and Hypothesis keep annotations to the end of the process, and DuckDB reports its classes as leaked.
@pytest.fixture(scope="module")
def connection() -> "Iterator[duckdb.DuckDBPyConnection]":
    with duckdb.connect(":memory:", config={"enable_external_access": False}) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b, 2.5 AS odd, true AS c4")
        yield connection


@given(texts)
@example("a; drop table t")
@example("a) from t; select (1")
@example("'x''; drop table t; --'")
@example('"odd"" name" || b')
@example("if(a > 1, 'it''s', \"select\")")
def test_any_text(connection: "duckdb.DuckDBPyConnection", text: str) -> None:
    try:
        sql = to_sql(text, COLUMNS).sql
    except Refusal:
        return
    statements = connection.extract_statements(f"SELECT {sql} AS it FROM t")
    assert len(statements) == 1
    assert statements[0].type is duckdb.StatementType.SELECT
    try:
        found = connection.execute(statements[0])
    except (
        duckdb.BinderException,
        duckdb.ConversionException,
        duckdb.OutOfRangeException,
        duckdb.InvalidInputException,
    ):
        return  # types that do not fit; what it names was found
    assert [one[0] for one in found.description or []] == ["it"]
    assert len(found.fetchall()) == 1
