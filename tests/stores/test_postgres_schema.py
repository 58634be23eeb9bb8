"""The schema of a database: made once, by whoever is first; never touched by a Taskmill that is too old for it."""

import asyncio
from pathlib import Path

import pytest

from taskmill.core.errors import InvalidSettings, StoreError
from taskmill.stores.open import open_store
from taskmill.stores.postgres import schema
from taskmill.testing.conformance.case import a_task
from tests.servers.postgres import execute

NEWEST = schema.steps()[-1][0]


async def opened(url: str) -> None:
    store = open_store(url, caller="loop")
    await store.open()
    await store.close()


def number(url: str) -> object:
    return execute(url, "select max(number) from taskmill.migration")[0][0]


async def test_a_fresh_database_gets_the_newest_schema(postgres_url: str) -> None:
    assert await schema.versions(postgres_url) == (0, NEWEST)
    await opened(postgres_url)
    assert await schema.versions(postgres_url) == (NEWEST, NEWEST)
    assert number(postgres_url) == NEWEST


def test_steps_are_numbered_without_a_gap() -> None:
    assert [number for number, _ in schema.steps()] == list(range(1, NEWEST + 1))


async def test_several_that_start_at_once_make_one_schema(postgres_url: str) -> None:
    await asyncio.gather(*(opened(postgres_url) for _ in range(8)))
    assert number(postgres_url) == NEWEST


async def test_a_step_that_fails_changes_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await opened(postgres_url)
    (tmp_path / "0099_broken.sql").write_text(
        "CREATE TABLE taskmill.extra (x text); CREATE TABLE taskmill.task (x text);"
    )
    monkeypatch.setattr(schema, "FOLDER", tmp_path)
    with pytest.raises(StoreError, match="already exists"):
        await opened(postgres_url)
    assert number(postgres_url) == NEWEST
    assert execute(postgres_url, "select to_regclass('taskmill.extra')") == [(None,)]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "WIN1252"])
async def test_a_database_that_cannot_keep_every_text_is_refused(postgres_url: str, encoding: str) -> None:
    name = f"narrow_{encoding.lower()}"
    execute(postgres_url, f"create database {name} template template0 encoding '{encoding}' locale 'C'")
    url = postgres_url.rpartition("/")[0] + f"/{name}"
    try:
        for refused in (opened, schema.versions):
            with pytest.raises(InvalidSettings, match=f"has the encoding {encoding}") as error:
                await refused(url)
            assert "createdb --template=template0 --encoding=UTF8" in str(error.value.hint)
        assert execute(url, "select count(*) from pg_namespace where nspname = 'taskmill'") == [(0,)]
    finally:
        execute(postgres_url, f"drop database {name} with (force)")


async def test_the_schema_of_another_program_is_left_alone(postgres_url: str) -> None:
    execute(postgres_url, "create schema taskmill")
    with pytest.raises(StoreError, match="belongs to another program"):
        await opened(postgres_url)


async def test_a_users_own_tables_live_beside_ours(postgres_url: str) -> None:
    execute(postgres_url, "create table task (mine text)")
    await opened(postgres_url)
    assert execute(postgres_url, "select * from task") == []


async def test_every_table_with_a_task_in_it_is_cleaned_by_purge(postgres_url: str) -> None:
    """Who adds such a table must clean it, or history grows for ever."""
    await opened(postgres_url)
    columns = """select table_name from information_schema.columns natural join information_schema.tables
        where table_schema = 'taskmill' and column_name = 'task_id' and table_type = 'BASE TABLE' order by 1"""
    purge = (schema.FOLDER.with_name("sql") / "purge.sql").read_text()
    assert execute(postgres_url, columns) == [("attempt",), ("task_number",)]
    assert "DELETE FROM taskmill.attempt" in purge
    assert "DELETE FROM taskmill.task_number" in purge


async def test_people_can_read_the_view(postgres_url: str) -> None:
    store = open_store(postgres_url, caller="loop")
    await store.open()
    await store.add([a_task(priority=1, tags=["a"], now=1_700_000_000_123_456)])
    await store.close()
    query = "select state, priority, parameters->>'a', tags->>0, created_at at time zone 'utc', finished_at"
    [found] = execute(postgres_url, f"{query} from taskmill.task_view")
    assert found[:4] == ("ready", "high", "1", "a")
    assert (str(found[4]), found[5]) == ("2023-11-14 22:13:20.123456", None)
