"""What stays out of the store: secrets however they are written, chatter of libraries, where files lie."""

import base64
import importlib
import json
import logging
import os
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from taskmill.catalogue import quote, weather
from taskmill.core.outcome import Cancel, Fail, Failure, Raised, Retry, Returned
from taskmill.engine.worker import logs
from taskmill.engine.worker.withheld import SHORTEST, kept, masked, withhold
from taskmill.executors.call import raised
from taskmill.executors.contract import running
from taskmill.supervisor.output import LineFormatter
from tests.catalogue.attempt import Watcher
from tests.sdk.shaped import app as shaped

SECRET = "pa+ss/wörd \"quoted\" 'x' \\&=%41"
KEY = "sk-1234567890abcdef"


@pytest.fixture(autouse=True)
def told() -> Iterator[None]:
    withhold([SECRET, KEY])
    yield
    withhold([])


FORMS = {
    "as it is": SECRET,
    "in a URL": urllib.parse.quote(SECRET, safe=""),
    "in a path": urllib.parse.quote(SECRET),
    "in a form": urllib.parse.quote_plus(SECRET),
    "in JSON": json.dumps(SECRET)[1:-1],
    "in JSON beyond ASCII": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "in Python's quotes": repr(SECRET)[1:-1],
    "after a user in basic authorization": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "after another user": base64.b64encode(f"me:{KEY}:more".encode()).decode(),
    "after a third": base64.b64encode(f"u:{KEY}".encode()).decode(),
    "in base64 of URLs": base64.urlsafe_b64encode(f"??>{SECRET}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_masked_however_it_is_written(form: str) -> None:
    found = masked(f"GET https://host/?apikey={form}&x=1")
    assert "***" in found
    assert form not in found
    assert SECRET not in found
    assert KEY not in found
    for length in range(12, len(form)):
        assert form[:length] not in found


def test_of_one_that_ends_in_base64_nothing_is_left() -> None:
    for user in ("", "a", "ab"):
        packed = base64.b64encode(f"{user}{KEY}".encode()).decode()
        assert masked(f"Basic {packed}").endswith("***")


def test_where_a_limit_cut_it_in_two() -> None:
    text = ("x" * 2000 + KEY)[:2012]
    assert masked(text) == "x" * 2000 + "***"
    assert masked((KEY + "x" * 8000)[-8012:]) == "***" + "x" * 8000
    assert masked(f"says: {KEY}"[:-1]) == "says: ***"
    assert masked("") == ""


def test_every_way_to_end_is_looked_through() -> None:
    failure = Failure("exception", "E", f"no {KEY}", f"Traceback {KEY}")
    raised = kept(Raised(failure, ("E",)))
    assert raised == Raised(Failure("exception", "E", "no ***", "Traceback ***"), ("E",))
    for outcome in (Retry(3.0, KEY), Cancel(KEY), Fail(KEY)):
        after = kept(outcome)
        assert (type(after), str(after), vars(after)) == (type(outcome), "***", vars(outcome))


def test_a_result_stays_json() -> None:
    withhold(["123456", KEY])
    result = json.dumps({"n": 123456, "text": f"a 123456 {KEY}", KEY: [1, None, True, "ü"]})
    after = kept(Returned(result))
    assert isinstance(after, Returned)
    assert json.loads(after.result) == {"n": 123456, "text": "a *** ***", "***": [1, None, True, "ü"]}
    assert kept(Returned('{"a":1}')) == Returned('{"a":1}')


def test_what_is_too_short_to_be_told_from_words_is_left() -> None:
    withhold(["x" * (SHORTEST - 1)])
    assert masked("xxxxx") == "xxxxx"


def test_what_is_printed_is_masked_as_well() -> None:
    record = logging.LogRecord("httpx", logging.INFO, "x.py", 1, "GET %s", (f"http://h/?apikey={KEY}",), None)
    assert LineFormatter("worker-1").format(record).endswith("httpx: GET http://h/?apikey=***")


def test_a_traceback_names_no_folder_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_module.py").write_text("import json\ndef fails():\n    json.loads('{')\n")
    other = tmp_path / "elsewhere" / "other.py"
    other.parent.mkdir()
    other.write_text("def call(f):\n    f()\n")
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, object] = {}
    exec(compile(other.read_text(), "/srv/secret place/other.py", "exec"), names)
    with pytest.raises(ValueError) as failed:  # noqa: PT011 - it is json's own
        names["call"](importlib.import_module("own_module").fails)  # type: ignore[operator]
    outcome = kept(raised(failed.value))
    assert isinstance(outcome, Raised)
    text = outcome.failure.traceback or ""
    assert 'File "own_module.py", line 3, in fails' in text
    assert 'File "json/__init__.py"' in text
    assert 'File "other.py"' in text
    assert not any(place in text for place in (str(tmp_path), os.getcwd(), sys.prefix, sys.base_prefix, "/srv"))


def test_unless_a_setting_says_so() -> None:
    withhold([], full_paths=True)
    failure = Failure("exception", "E", "", 'File "/srv/app/tasks.py", line 1')
    assert kept(Raised(failure)) == Raised(failure)
    withhold([])
    assert kept(Raised(failure)) == Raised(failure._replace(traceback='File "tasks.py", line 1'))


@pytest.fixture
def captured() -> Iterator[Watcher]:
    logs.capture()
    watcher = Watcher()
    token = running.set(watcher)
    yield watcher
    running.reset(token)


async def test_libraries_below_warning_stay_out_of_attempts(captured: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get(f"http://host.example/?apikey={KEY}")
    assert captured.lines == []
    logging.getLogger("shop.orders").info("of the handler's own code")
    place = str(Path(httpx.__file__).parent / "_client.py")
    library = logging.getLogger("httpx")
    for level in (logging.INFO, logging.WARNING):
        library.handle(logging.LogRecord("httpx", level, place, 1, f"at {level}", (), None))
    assert captured.lines == ["of the handler's own code", "at 30"]
    monkeypatch.setattr(logs, "_own", {"httpx"})
    library.handle(logging.LogRecord("httpx", logging.INFO, place, 1, "an installed app", (), None))
    assert captured.lines[2:] == ["an installed app"]


def test_the_packages_of_handlers_are_no_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_own", set())
    logs.capture_all_of([weather, quote])
    assert logs._own == {"taskmill"}
    logs.capture_all_of(shaped.tasks.values())  # partials and objects among them
    assert logs._own == {"taskmill", "tests"}
