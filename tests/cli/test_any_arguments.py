"""Whatever is typed: a documented exit code, no traceback."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from taskmill.cli.errors import CODES
from taskmill.cli.main import main
from taskmill.plugins import handlers
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store

STARTS: tuple[list[str], ...] = (
    ["submit", "--no-wait", "-T", "math"],
    ["submit", "--no-wait", "-T", "message", "-P"],
    ["submit", "--no-wait", "-T", "sleep", "-P"],
    ["submit", "--no-wait", "-T"],
    ["submit", "--wait-timeout", "0", "-T", "math", "-P", "1"],
    ["list"],
    ["get"],
    ["cancel"],
    ["retry"],
    ["queues"],
    ["queues", "pause"],
    ["workers"],
    ["types"],
    ["types", "show"],
    ["config", "check"],
    ["completion"],
    ["up", "--slots", "0"],
    ["worker", "--lease", "-1"],
    [],
)
OPTIONS = ("-P", "-p", "--json", "--state", "--queue", "--tag", "--key", "--delay", "--timeout", "--retries", "--limit")
WORDS = (
    "list",
    "show",
    "ready",
    "math",
    "x=1",
    "{}",
    '{"expression": "1"}',
    "-1",
    "1e400",
    "5m",
    "a\nb",
    "\x1b[2J",
    "--",
    "",
)
tokens = st.one_of(st.sampled_from(OPTIONS), st.sampled_from(WORDS), st.text(max_size=12), st.integers().map(str))


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory, 'any.db')}"
        opened = open_store(url)
        run(opened.open())
        run(opened.put_task_types([task.row() for task in handlers(None).values()]))
        run(opened.close())
        yield url


@settings(max_examples=150, deadline=None)
@given(start=st.sampled_from(STARTS), rest=st.lists(tokens, max_size=5))
def test_any_arguments(store: str, start: list[str], rest: list[str]) -> None:
    result = CliRunner(env={"TASKMILL_STORE": store}).invoke(main, [*start, *rest], prog_name="taskmill")
    assert result.exit_code in CODES
    assert isinstance(result.exception, SystemExit | None)
    assert "Traceback" not in result.output
    assert "this should not happen" not in result.output
    assert "\x1b" not in result.output
    assert result.exit_code == 0 or result.stderr.startswith(("error: ", "hint: ", "an unfinished", "Usage: "))
