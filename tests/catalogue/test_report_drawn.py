"""What a report draws: every column, every character that some font has, and a word for what is left out."""

import logging
import time
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager

from taskmill.catalogue.report.fonts import fonts_for
from tests.catalogue.context import RecordingContext
from tests.catalogue.test_report import given, make, pages_of

pytestmark = pytest.mark.slow


def test_every_column_is_on_some_page(roots: Path) -> None:
    rows = [{f"column {n}": f"cell {n}" for n in range(20)}] * 40
    made = make(about=given(rows=rows), output="it", formats=["pdf"])
    assert made.notes == []
    pdf = (roots / "it.pdf").read_bytes()
    assert pages_of(pdf) == 1 + 2 * 3


def test_what_a_pdf_leaves_out_is_told(roots: Path) -> None:
    ctx = RecordingContext()
    made = make(ctx, about=given(rows=[{"n": n} for n in range(400)]), output="it")
    assert made.notes == ctx.lines == ["the PDF has the first 380 of 400 rows of 'Revenue'; the HTML has them all"]
    assert make(about=given(rows=[{"n": n} for n in range(400)]), output="it", formats=["html"]).notes == []


def test_a_chart_of_very_many_bars_is_drawn_soon(roots: Path) -> None:
    rows = [{"x": str(n), **{f"y{at}": n * at for at in range(8)}} for n in range(5_000)]
    chart = {"kind": "bar", "x": "x", "y": [f"y{at}" for at in range(8)]}
    began = time.process_time()
    make(about=given(rows=rows, chart=chart), output="it", formats=["html"])
    assert time.process_time() - began < 10


BOXES = "no font here has {}, drawn as boxes; install fonts on the worker, such as the package fonts-noto"


@pytest.mark.parametrize("text", ["\U00013000\U00013001", "\ue000 \U00013000\U00013001", "\U00013000a\U00013001\u200d"])
def test_what_no_font_has_is_told(roots: Path, text: str) -> None:
    for section in ({"text": text}, {"rows": [{text: 1}]}, {"rows": [{"a": text}]}, {"heading": text}):
        assert make(about=given(**section), output="it").notes == [BOXES.format("\U00013000\U00013001")]


ODD = [
    "\ufeffname",
    "a\0b",
    "x" * 200,
    "\u200b\u200d",
    "e" + "\u0301" * 100,
    "   ",
    "\uffff",
    "🇩🇪👩‍👩‍👧",
    "a\r\n\x1bb",
    "\u202eabc",
]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_odd_texts_are_drawn(roots: Path, text: str) -> None:
    chart = {"kind": "bar", "x": text, "y": ["n"]}
    about = given(heading=text, text=text, rows=[{text: text, "n": 1.5}, {text: "", "n": -2}], chart=chart)
    assert make(about=about, title=text, output="it").sections == 1


def test_arabic_hebrew_and_greek_need_no_other_font(roots: Path) -> None:
    assert make(about=given(text="سلام שלום Ελλάδα Привет ≠ é"), output="it").notes == []


def test_a_font_of_this_machine_is_used(
    roots: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "sign"])
    builder.setupCharacterMap({0x4F60: "sign"})
    pen = TTGlyphPen(None)
    for point in ((0, 0), (500, 900), (900, 0)):
        (pen.lineTo if point != (0, 0) else pen.moveTo)(point)
    pen.closePath()
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "sign": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "sign": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Signs", "styleName": "Regular", "psName": "Signs-Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(roots.parent / "signs.ttf")
    monkeypatch.setattr(fontManager, "ttflist", [*fontManager.ttflist])
    fontManager.addfont(roots.parent / "signs.ttf")
    text = "\u4f60"
    assert fonts_for(f"{text} a").families == ["DejaVu Sans", "Signs"]
    about = given(heading=text, rows=[{text: 1}], chart={"kind": "bar", "x": text, "y": [text]})
    assert make(about=about, output="it").notes == []
    assert b"Signs" in (roots / "it.pdf").read_bytes()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
