"""@app.task: what it takes, what it makes of a function, what it refuses."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import taskmill
from taskmill import App, Context, InvalidRequest, Priority, RetryPolicy, Task
from taskmill.config.load import settings
from taskmill.core.retry import RetryPolicy as Policy
from taskmill.sdk.backend import ConnectionSettings


@pytest.fixture
def app() -> App:
    return App("memory://")


def test_defaults(app: App) -> None:
    @app.task
    def add(a: int, b: int) -> int:
        """Add two numbers.

        Not shown.
        """
        return a + b

    assert app.tasks == {"add": add}
    assert (add.name, add.queue, add.priority, add.retries, add.timeout) == ("add", "default", Priority.NORMAL, 3, None)
    assert (add.executor, add.wants_context, add.description) == ("threads", False, "Add two numbers.")


def test_a_task_is_still_its_function(app: App) -> None:
    @app.task(name="sums.add")
    def add(a: int, b: int = 1) -> int:
        return a + b

    assert add(2) == 3
    assert add.__name__ == "add"
    assert list(inspect.signature(add).parameters) == ["a", "b"]


async def test_an_async_task_is_still_its_function(app: App) -> None:
    @app.task
    async def add(a: int, b: int) -> int:
        return a + b

    assert await add(2, 3) == 5
    assert add.executor == "inline"


def test_options_are_in_the_registered_row(app: App) -> None:
    @app.task(queue="mail", retries=5, retry=RetryPolicy(base=2.0), timeout=30, executor="processes", priority="high")
    def send(to: str) -> None: ...

    row = send.row(seen_at=7)
    assert (row.name, row.queue, row.seen_at) == ("send", "mail", 7)
    assert json.loads(row.options) == {
        "attempt_limit": 6,
        "retry": {"base": 2.0},
        "timeout": 30.0,
        "executor": "processes",
        "priority": "high",
    }
    assert json.loads(row.schema)["required"] == ["to"]


def test_options_are_in_every_task(app: App) -> None:
    @app.task(queue="mail", retries=0, retry=RetryPolicy(growth="fixed"), timeout=1.5, priority=Priority.LOW)
    def send(to: str) -> None: ...

    spec = send.enqueue("me").refresh().spec
    assert (spec.task_type, spec.queue, spec.attempt_limit, spec.timeout, spec.priority) == (
        "send", "mail", 1, 1_500_000, Priority.LOW,
    )  # fmt: skip
    assert Policy.from_json(spec.retry) == RetryPolicy(growth="fixed")


def test_two_of_one_name_are_refused_and_named(app: App) -> None:
    @app.task
    def send() -> None: ...

    with pytest.raises(InvalidRequest, match=r"two task types named 'send': .*test_declaring.* and .*other") as refused:

        @app.task(name="send")
        def other() -> None: ...

    assert refused.value.hint == 'give one another name: @app.task(name="...")'
    assert app.tasks == {"send": send}


def test_the_context_is_no_parameter(app: App) -> None:
    @app.task
    def read(ctx: Context, path: str) -> None: ...

    @app.task
    def write(context: "Context", path: str) -> None: ...

    assert (read.context_parameter, write.context_parameter) == ("ctx", "context")
    for task in (read, write):
        assert list(task.schema()["properties"]) == ["path"]
        assert json.loads(task.enqueue("a").refresh().spec.parameters) == {"path": "a"}


def test_an_annotation_in_text_is_looked_up(app: App) -> None:
    def dotted(ctx: "taskmill.Context", path: str) -> None: ...

    def unknown(data: "Nowhere.Context", path: str) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert app.task(dotted).context_parameter == "ctx"
    assert app.task(unknown).context_parameter is None


def test_of_a_decorated_function_where_it_was_defined(app: App) -> None:
    def read(ctx: "Context", path: str) -> None: ...

    foreign = {"fn": read}
    exec("import functools\n@functools.wraps(fn)\ndef wrapped(*values, **named): return fn(*values, **named)", foreign)
    wrapped: Any = foreign["wrapped"]
    assert app.task(wrapped).context_parameter == "ctx"


def refusals() -> dict[str, Any]:
    def positional(*paths: str) -> None: ...
    def named(**paths: str) -> None: ...
    def slashed(path: str, /) -> None: ...
    def late_context(path: str, ctx: Context) -> None: ...
    async def waits() -> None: ...
    def blocks() -> None: ...

    return {
        r"`\*paths: str`: name each one, or take a list": (positional, {}),
        r"`\*\*paths: str`: name each one, or take a dict": (named, {}),
        r"`path: str`: remove the '/'": (slashed, {}),
        r"`ctx: Context` must be the first parameter": (late_context, {}),
        r"executor 'threads' does not fit an `async def`": (waits, {"executor": "threads"}),
        r"executor 'inline' does not fit a plain `def`": (blocks, {"executor": "inline"}),
        r"executor 'fibers' is not inline, threads or processes": (blocks, {"executor": "fibers"}),
        r"priority 'urgent' must be high, normal or low": (blocks, {"priority": "urgent"}),
        r"priority 2 must be": (blocks, {"priority": 2}),
        r"retries -1 must be a whole number": (blocks, {"retries": -1}),
        r"retries True must be a whole number": (blocks, {"retries": True}),
        r"timeout 'soon' must be seconds": (blocks, {"timeout": "soon"}),
        r"timeout nan must be seconds": (blocks, {"timeout": float("nan")}),
        r"timeout 0 must be seconds, from 0.001 to ten years": (blocks, {"timeout": 0}),
        r"timeout True must be seconds": (blocks, {"timeout": True}),
        r"retry 3 must be a RetryPolicy": (blocks, {"retry": 3}),
        r"retry <class '.*RetryPolicy'> must be a RetryPolicy": (blocks, {"retry": RetryPolicy}),
        r"retries 1.5 must be a whole number": (blocks, {"retries": 1.5}),
        r"queue 5 must be 1 to 128 printable characters": (blocks, {"queue": 5}),
        r"queue \['mail'\] must be 1 to 128 printable characters": (blocks, {"queue": ["mail"]}),
        r"task type 5 must be 1 to 128 printable": (blocks, {"name": 5}),
        r"executor \['inline'\] is not inline, threads or processes": (blocks, {"executor": ["inline"]}),
        r"queue '' must be 1 to 128 printable characters": (blocks, {"queue": ""}),
        r"task type 'a\\nb' must be 1 to 128 printable": (blocks, {"name": "a\nb"}),
    }


@pytest.mark.parametrize("message", refusals())
def test_refused_with_a_reason(app: App, message: str) -> None:
    fn, options = refusals()[message]
    with pytest.raises(InvalidRequest, match=message):
        app.task(**options)(fn)
    assert app.tasks == {}


def test_using_gives_a_copy(app: App) -> None:
    @app.task(queue="mail")
    def send(to: str) -> None: ...

    urgent: Task[[str], None] = send.using(priority="high").using(retries=0)
    assert (urgent.queue, urgent.priority, urgent.retries) == ("mail", Priority.HIGH, 0)
    assert (send.priority, send.retries) == (Priority.NORMAL, 3)


def test_the_store_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKMILL_STORE", raising=False)
    assert App().store == "sqlite:///taskmill.db"
    monkeypatch.setenv("TASKMILL_STORE", "memory://")
    assert App().store == "memory://"
    assert App("sqlite:///mine.db").store == "sqlite:///mine.db"


def test_a_relative_path_counts_from_where_the_app_was_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TASKMILL_STORE", raising=False)
    here, there = tmp_path / "a b%", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    apps = [App(), App("sqlite:///mine%20too.db"), App(f"sqlite:///{here}/third.db")]
    monkeypatch.chdir(there)
    for app in apps:

        @app.task
        def work() -> None: ...

        work.enqueue()
        app.close()
    assert sorted(file.name for file in here.glob("*.db")) == ["mine too.db", "taskmill.db", "third.db"]
    assert not list(there.iterdir())


def test_a_file_of_settings_counts_as_for_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taskmill.toml").write_text(
        'broker = "amqp://h"\nfeed = "redis://h"\ndurability = "process"\nstore = "memory://"\n'
    )
    assert App("sqlite:///mine.db").clients._settings.durability == "process"
    app = App()
    assert (app.store, app.broker, app.feed, app.durability) == ("memory://", "amqp://h", "redis://h", "process")
    assert app.clients._settings == ConnectionSettings("memory://", "process", "amqp://h", "redis://h")
    assert App("sqlite:///mine.db", durability="power").store == "sqlite:///mine.db"
    monkeypatch.setenv("TASKMILL_BROKER", "redis://other")
    assert App().broker == settings().broker == "redis://other"
    Path("elsewhere.toml").write_text('store = "sqlite:///elsewhere.db"\n')
    monkeypatch.setenv("TASKMILL_CONFIG", "elsewhere.toml")
    assert App().store == settings().store == "sqlite:///elsewhere.db"


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ('stroe = "memory://"', r"taskmill.toml: stroe: no such setting; did you mean store"),
        ('durability = "maybe"', r"taskmill.toml: durability: .*power"),
        ("store = ", r"taskmill.toml: can't be read"),
    ],
)
def test_a_wrong_file_of_settings_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, wrong: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taskmill.toml").write_text(content)
    with pytest.raises(InvalidRequest, match=wrong) as error:
        App()
    assert "taskmill config check" in str(error.value.hint)


def test_urls_come_from_the_environment_or_from_files_that_it_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "store"
    secret.write_text("postgresql://u:secret@h/db\n")
    monkeypatch.setenv("TASKMILL_STORE_FILE", str(secret))
    monkeypatch.setenv("TASKMILL_BROKER", "amqp://h")
    monkeypatch.delenv("TASKMILL_FEED", raising=False)
    app = App()
    assert (app.store, app.broker, app.feed) == ("postgresql://u:secret@h/db", "amqp://h", None)
    monkeypatch.setenv("TASKMILL_STORE_FILE", str(tmp_path / "none"))
    with pytest.raises(InvalidRequest, match=r"TASKMILL_STORE_FILE: .*can't be read: No such file"):
        App()
