"""`report`: of real tasks in a real store, and of given data; as a page that is whole, and a PDF."""

import base64
import io
import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from taskmill import App, InvalidParameters
from taskmill.catalogue import settings
from taskmill.catalogue.refusal import MissingExtra, Refusal
from taskmill.catalogue.report import MadeReport, report
from taskmill.core import machine
from taskmill.core.task import SECOND, Decision
from taskmill.executors.contract import StopRequested
from taskmill.sdk.sync import run
from taskmill.stores.contract import ClaimQuery
from taskmill.stores.open import open_store
from tests.catalogue.context import RecordingContext

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} $\\frac{1}{$ & \" ' 漢字 \u202e"
REVENUE = [{"region": "north", "revenue": 16.5, "new": True}, {"region": "south", "revenue": 1234567, "new": None}]
CHART = {"kind": "bar", "x": "region", "y": ["revenue"]}


class Page(HTMLParser):
    """The texts of a page by the element they are in, and its pictures."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self.pictures: list[bytes] = []
        self.elements: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.texts.setdefault(tag, []).append("")
        self.open = tag
        if tag == "img":
            self.pictures.append(base64.b64decode((dict(attrs)["src"] or "").partition("base64,")[2]))

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.texts[self.elements[-1]][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.elements.append("")
        self.texts.setdefault("", []).append("")


def make(ctx: RecordingContext | None = None, **parameters: Any) -> MadeReport:
    return report(ctx or RecordingContext(), **report.decode(json.dumps(parameters)))


def given(**section: Any) -> dict[str, Any]:
    return {"kind": "data", "sections": [{"heading": "Revenue"} | section]}


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_given_data(roots: Path) -> None:
    ctx = RecordingContext()
    about = given(text="By region.\nAll of it.", rows=REVENUE, chart=CHART)
    made = make(ctx, about=about, title="Sales", output="sales")
    assert [(file.filename, file.bytes) for file in made.files] == [
        ("sales.html", (roots / "sales.html").stat().st_size),
        ("sales.pdf", (roots / "sales.pdf").stat().st_size),
    ]
    assert (made.sections, made.tasks) == (1, None)
    page = Page(roots / "sales.html")
    assert page.texts["h1"] == page.texts["title"] == ["Sales"]
    assert page.texts["h2"] == ["Revenue"]
    assert page.texts["th"] == ["region", "revenue", "new"]
    assert page.texts["td"] == ["north", "16.50", "yes", "south", "1,234,567", ""]
    with Image.open(io.BytesIO(page.pictures[0])) as picture:
        assert picture.size == (990, 374)
        assert (37, 99, 235) in {color for _, color in picture.convert("RGB").getcolors(10_000_000) or []}
    pdf = (roots / "sales.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"(Sales)" in pdf
    assert pages_of(pdf) == 3
    assert ctx.fractions[-1] == 1.0
    assert os.listdir(roots.parent / "files") == os.listdir(roots)
    assert sorted(os.listdir(roots)) == ["sales.html", "sales.pdf"]


def test_the_page_needs_nothing_else(roots: Path) -> None:
    make(about=given(rows=REVENUE, chart=CHART), output="it", formats=["html"])
    text = (roots / "it.html").read_text()
    assert "Content-Security-Policy" in text
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert os.listdir(roots) == ["it.html"]


def test_hostile_texts_are_texts(roots: Path) -> None:
    rows = [{HOSTILE: HOSTILE, "n": 1}]
    about = given(heading=HOSTILE, text=HOSTILE, rows=rows, chart={"kind": "line", "x": HOSTILE, "y": ["n"]})
    made = make(about=about, title=HOSTILE, output="it")
    page = Page(roots / "it.html")
    assert page.texts["h1"] == page.texts["h2"] == [HOSTILE]
    assert page.texts["td"] == [HOSTILE, "1"]
    assert "script" not in page.elements
    assert pages_of((roots / "it.pdf").read_bytes()) == 3
    assert made.sections == 1


def test_a_long_table_is_whole_in_html_and_in_parts_in_pdf(roots: Path) -> None:
    rows = [{"n": n, "word": "x" * (n % 300)} for n in range(1_000)]
    make(about=given(rows=rows), output="it")
    assert Page(roots / "it.html").texts["td"][-2] == "999"
    assert pages_of((roots / "it.pdf").read_bytes()) == 1 + 10


@pytest.fixture
def finish(roots: Path) -> Callable[..., str]:
    """A store with tasks that ended as they are told to, which the settings name."""
    url = f"sqlite:///{roots.parent / 'tasks.db'}"
    settings.use(settings.CatalogueSettings(roots=(roots,), state=roots.parent / "state", store=url))
    app = App(url)

    def finish(name: str, seconds: float, error: str | None = None, queue: str = "default") -> str:
        if name not in app.tasks:

            @app.task(name=name, retries=0)
            def handler() -> None: ...

        id: str = app.tasks[name].using(queue=queue).enqueue().id
        store = open_store(url)
        run(store.open())
        [claim] = run(store.claim("worker", 60 * SECOND, ClaimQuery(1, ids=[id])))
        end = (claim.head.started_at or 0) + round(seconds * SECOND)
        failure = json.dumps({"code": "exception", "type": "ValueError", "message": error})
        failed = machine.fail(claim.spec, claim.head, failure, end, 0, final=True)
        head = failed if error else machine.succeed(claim.head, "1", end)
        assert run(store.save([Decision(id, head)])) == []
        run(store.close())
        return id

    return finish


def test_own_tasks(roots: Path, finish: Callable[..., str]) -> None:
    for seconds in (1, 2, 3, 250):
        finish("resize", seconds)
    failed = finish("send", 0.05, "<b>no such address</b>", queue="mail")
    made = make(output="tasks")
    assert (made.tasks, made.sections) == (5, 4)
    page = Page(roots / "tasks.html")
    figures = dict(zip(page.texts["dt"], page.texts["dd"], strict=True))
    assert figures == {
        "tasks": "5",
        "succeeded": "4",
        "failed": "1",
        "cancelled": "0",
        "unfinished": "0",
        "median duration": "2.0 s",
    }
    cells = page.texts["td"]
    assert cells[:8] == ["resize", "4", "4", "0", "4", "2.5 s", "4.2 min", "4.2 min"]
    assert cells[8:16] == ["send", "1", "0", "1", "1", "50 ms", "50 ms", "50 ms"]
    assert cells[16:18] == ["send", failed]
    assert cells[19:21] == ["ValueError", "<b>no such address</b>"]
    assert cells[21::4][:2] == ["resize", "resize"]
    assert len(page.pictures) == 2
    assert pages_of((roots / "tasks.pdf").read_bytes()) == 1 + 2 + 1 + 1 + 1


def test_own_tasks_of_some_queues(roots: Path, finish: Callable[..., str]) -> None:
    finish("resize", 1)
    finish("send", 1, queue="mail")
    assert make(about={"kind": "tasks", "queues": ["mail"]}, output="it").tasks == 1
    assert Page(roots / "it.html").texts["td"][0] == "send"
    assert make(about={"kind": "tasks", "task_types": ["resize"], "hours": 1}, output="it").tasks == 1


def test_without_any_task(roots: Path, finish: Callable[..., str]) -> None:
    ctx = RecordingContext()
    made = make(ctx)
    assert made.tasks == 0
    assert sorted(os.listdir(roots)) == [f"report-{ctx.task.id}.html", f"report-{ctx.task.id}.pdf"]


def test_cancelled_midway(roots: Path, finish: Callable[..., str]) -> None:
    finish("resize", 1)
    with pytest.raises(StopRequested):
        make(RecordingContext(cancel_at=0.6), output="it")
    assert os.listdir(roots) == []


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an output elsewhere": ({"about": given(), "output": "../it"}, "has a '..' in it"),
    "an absolute output": ({"about": given(), "output": "/tmp/it"}, "'/tmp/it.html' is not below"),
    "no such folder": ({"about": given(), "output": "new/it"}, "there is no folder 'new' below"),
    "a chart of nothing": ({"about": given(chart=CHART)}, "section 'Revenue': a chart needs rows"),
    "a chart of no column": (
        {"about": given(rows=[{"a": 1}], chart=CHART)},
        "section 'Revenue': there is no column 'region'; there are a",
    ),
    "a chart of texts": (
        {"about": given(rows=[{"region": "a", "revenue": "b"}], chart=CHART)},
        "column 'revenue' holds 'b', which a chart cannot show",
    ),
    "a chart of a huge number": (
        {"about": given(rows=[{"region": "a", "revenue": 10**400}], chart=CHART)},
        "column 'revenue' holds a number beyond ±1e+100",
    ),
    "tables of too many pages": (
        {"about": given(rows=[{f"c{n}": 1 for n in range(600)}] * 380)},
        "the tables take 750 pages of a PDF; at most 600",
    ),
    "a row of other columns": ({"about": given(rows=[{"a": 1}, {"b": 1}])}, "row 2 has a column 'b'"),
}


@pytest.mark.parametrize(("parameters", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(roots: Path, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal) as refused:
        make(**parameters)
    assert words in str(refused.value)
    assert os.listdir(roots) == []


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"about": {"kind": "sql", "query": "select 1"}}, "$.about.kind"),
        ({"about": {"kind": "tasks", "hours": 10**9}}, "$.about.hours"),
        ({"about": {"kind": "data", "sections": []}}, "$.about.sections"),
        ({"about": {"kind": "data", "sections": [{"heading": "a"}] * 51}}, "$.about.sections"),
        ({"about": given(rows=[{"a": 1}] * 5_001)}, "$.about.sections[0].rows"),
        ({"about": given(rows=[{"a": "x" * 2_001}])}, "$.about.sections[0].rows[0]"),
        ({"formats": ["docx"]}, "$.formats[0]"),
        ({"title": "x" * 201}, "$.title"),
    ],
)
def test_hostile_parameters(parameters: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        report.decode(json.dumps(parameters))
    assert refused.value.problems[0].path.startswith(path)


def test_without_its_library_it_says_what_to_install(roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r'pip install "taskmill\[reports\]"'):
        make(about=given())
