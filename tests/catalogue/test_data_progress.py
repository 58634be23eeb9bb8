"""Progress of `data_processing`: in rows of rows, and what is not known exactly is called about."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taskmill.catalogue import settings
from taskmill.catalogue.data import data_processing
from taskmill.catalogue.data import parameters as p
from taskmill.catalogue.settings import DataEngineLimits
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
    assert ctx.notes
    return ctx.notes


def numbers(notes: list[str], pattern: str) -> tuple[list[int], int]:
    """How far it was each time, and of how much."""
    found = [re.fullmatch(pattern, note) for note in notes]
    pairs = [[int(part.replace(",", "")) for part in one.groups()] for one in found if one]
    assert len(pairs) == len(notes), notes
    [total] = {of for _, of in pairs}
    return [done for done, _ in pairs], total


def test_of_lines_the_number_of_rows_is_judged_by_the_first(big: Path) -> None:
    done, total = numbers(notes("big.csv", "out.csv", SORTED), r"about ([\d,]+) of about ([\d,]+) rows")
    assert total == pytest.approx(ROWS, rel=0.05)
    assert (done, done[-1] <= total) == (sorted(done), True)


def test_of_parquet_it_is_known(big: Path) -> None:
    notes("big.csv", "big.parquet", [])
    done, total = numbers(notes("big.parquet", "out.csv", SORTED), r"about ([\d,]+) of ([\d,]+) rows")
    assert total == ROWS
    assert (done, done[-1] <= total) == (sorted(done), True)


@pytest.mark.slow
def test_of_a_json_array_there_are_only_bytes(big: Path) -> None:
    notes("big.csv", "big.json", [])
    size = (big.parent / "big.json").stat().st_size / 1e6
    told = notes("big.json", "out.csv", SORTED)
    assert all(re.fullmatch(rf"about [\d.]+ (bytes|KB|MB) of {size:.3g} MB", note) for note in told), told
