"""Progress of `data_processing`: in rows of rows; how far it is, the engine knows no better than about."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taskmill.catalogue import settings
from taskmill.catalogue.data import data_processing
from taskmill.catalogue.data import parameters as p
from taskmill.catalogue.settings import DataEngineLimits
from taskmill.executors.contract import StopRequested
from tests.catalogue.context import RecordingContext

ROWS = 300_000
SORTED = [p.Derive("total", "price * id"), p.Sort([p.Order("total"), p.Order("id", True)])]


@pytest.fixture
def big(roots: Path) -> Path:
    settings.use(replace(settings.current(), data_engine=DataEngineLimits(poll=0.002)))
    path = roots / "big.csv"
    lines = (f"{n},{n % 1000}.25,some words that fill the line {n % 97}\n" for n in range(ROWS))
    path.write_text("id,price,note\n" + "".join(lines))
    return path


def notes(file: str, output: str, steps: list[Any]) -> list[str]:
    ctx = RecordingContext()
    data_processing(ctx, p.TableFile(file), steps, output)
    assert ctx.notes.pop() == f"{ROWS:,} rows written"
    assert ctx.fractions == sorted(ctx.fractions)
    notes = [note for note in ctx.notes if not note.endswith("rows read")]
    assert notes
    return notes


def numbers(notes: list[str], pattern: str) -> tuple[list[int], int]:
    """How far it was each time, and of how much."""
    found = [re.fullmatch(pattern, note) for note in notes]
    pairs = [[int(part.replace(",", "")) for part in one.groups()] for one in found if one]
    assert len(pairs) == len(notes), notes
    [total] = {of for _, of in pairs}
    return [done for done, _ in pairs], total


@pytest.mark.parametrize("name", ["big.csv", "big.parquet", pytest.param("big.json", marks=pytest.mark.slow)])
def test_how_many_rows_there_are_is_known(big: Path, name: str) -> None:
    if name != big.name:
        notes(big.name, name, [])
    done, total = numbers(notes(name, "out.csv", SORTED), r"about ([\d,]+) of ([\d,]+) rows")
    assert total == ROWS
    assert (done, done[-1] <= total) == (sorted(done), True)


def test_reading_is_told_and_can_be_cancelled(big: Path) -> None:
    ctx = RecordingContext(cancel_at=0.01)
    with pytest.raises(StopRequested):
        data_processing(ctx, p.TableFile("big.csv"), [], "out.csv")
    assert ctx.notes[0].endswith(" rows read")
    assert not (big.parent / "out.csv").exists()
