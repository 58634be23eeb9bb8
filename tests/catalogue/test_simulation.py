"""`simulation`: right, repeatable, and going on where a killed attempt was."""

import json
import math
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest

from taskmill import InvalidParameters
from taskmill.catalogue import settings
from taskmill.catalogue.refusal import MissingExtra
from taskmill.catalogue.simulation import Estimate, simulation
from taskmill.catalogue.simulation.moments import Moments
from taskmill.catalogue.simulation.run import CHUNK
from taskmill.executors.contract import StopRequested
from tests.catalogue.context import RecordingContext


def simulate(ctx: RecordingContext | None = None, **parameters: Any) -> Estimate:
    return simulation(ctx or RecordingContext(), **simulation.decode(json.dumps(parameters)))


def black_scholes(spot: float, strike: float, rate: float, volatility: float, years: float) -> float:
    spread = volatility * math.sqrt(years)
    first = (math.log(spot / strike) + (rate + volatility**2 / 2) * years) / spread
    phi = NormalDist().cdf
    return spot * phi(first) - strike * math.exp(-rate * years) * phi(first - spread)


def mean_distance(steps: int) -> float:
    """Of a walk on a line, exactly."""
    return sum(math.comb(steps, n) * abs(2 * n - steps) for n in range(steps + 1)) / 2.0**steps


CALL = {"name": "option_price", "spot": 100, "strike": 95, "rate": 0.05, "volatility": 0.3, "years": 0.5}
PRICE = black_scholes(100, 95, 0.05, 0.3, 0.5)


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        ({"name": "pi"}, math.pi),
        (CALL, PRICE),
        (CALL | {"kind": "put"}, PRICE - 100 + 95 * math.exp(-0.05 * 0.5)),
        ({"name": "random_walk", "steps": 50, "dimensions": 1}, mean_distance(50)),
        ({"name": "random_walk", "steps": 1, "dimensions": 3}, 1.0),
        ({"name": "random_walk", "steps": 2, "dimensions": 2}, 0.25 * 2 + 0.5 * math.sqrt(2)),
    ],
)
def test_the_estimate_is_right(roots: Path, model: dict[str, Any], truth: float) -> None:
    made = simulate(model=model, samples=1_000_000, seed=7, confidence=0.9999)
    assert made.low <= truth <= made.high
    assert made.high - made.low < 0.02 * truth
    assert made.estimate == pytest.approx(truth, rel=0.01)
    assert made.samples == 1_000_000


def test_the_confidence_is_what_it_says(roots: Path) -> None:
    """Of a hundred intervals of 80 %, some eighty hold the truth."""
    made = [simulate(model={"name": "pi"}, samples=2_000, seed=seed, confidence=0.8) for seed in range(100)]
    assert 68 <= sum(one.low <= math.pi <= one.high for one in made) <= 92


def test_the_same_seed_gives_the_same_result(roots: Path) -> None:
    wanted: dict[str, Any] = {"model": {"name": "random_walk"}, "samples": 120_001}
    first = simulate(**wanted, seed=5)
    assert simulate(**wanted, seed=5) == first
    assert simulate(**wanted, seed=6).estimate != first.estimate
    assert simulate(**wanted) == simulate(**wanted), "without a seed, the task has one of its own"


def test_moments_of_chunks_are_those_of_the_whole() -> None:
    values = [1.0, 4.0, 2.5, -7.0, 3.0, 3.0]
    whole = Moments()
    for value in values:
        whole = whole.plus(Moments(1, value, 0.0))
    mean = sum(values) / 6
    assert whole.mean == pytest.approx(mean)
    assert whole.squares == pytest.approx(sum((value - mean) ** 2 for value in values))


def test_progress_is_what_is_done(roots: Path) -> None:
    ctx = RecordingContext()
    simulate(ctx, model={"name": "pi"}, samples=4 * CHUNK)
    assert ctx.fractions == [0.25, 0.5, 0.75, 1.0]
    assert ctx.notes[0] == "200,000 of 800,000 samples"


class Killed(BaseException):
    pass


class Dies(RecordingContext):
    """A context whose process dies midway."""

    def _on_progress(self, fraction: float, note: str) -> None:
        super()._on_progress(fraction, note)
        if fraction > 0.5:
            raise Killed


def test_an_attempt_goes_on_where_one_was_killed(roots: Path) -> None:
    settings.use(replace(settings.current(), checkpoint_interval=0.0))
    wanted: dict[str, Any] = {"model": {"name": "option_price"}, "samples": 10 * CHUNK + 5, "seed": 3}
    whole = simulate(**wanted)
    states = roots.parent / "state" / "simulation"
    with pytest.raises(Killed):
        simulate(Dies(), **wanted)
    assert [path.suffix for path in states.iterdir()] == [".json"]
    ctx = RecordingContext()
    assert simulate(ctx, **wanted) == whole
    assert ctx.lines == ["goes on after chunk 5 of 11"]
    assert len(ctx.fractions) == 6
    assert list(states.iterdir()) == []


@pytest.mark.parametrize("broken", [b"", b"{", b'{"what": "other", "chunks": 5, "moments": [1, 2.0, 3.0]}'])
def test_a_state_of_something_else_is_not_used(roots: Path, broken: bytes) -> None:
    states = roots.parent / "state" / "simulation"
    states.mkdir(parents=True)
    (states / f"{RecordingContext().task.id}.json").write_bytes(broken)
    ctx = RecordingContext()
    simulate(ctx, model={"name": "pi"}, samples=100)
    assert ctx.lines == []
    assert list(states.iterdir()) == []


def test_what_was_cancelled_leaves_no_state(roots: Path) -> None:
    settings.use(replace(settings.current(), checkpoint_interval=0.0))
    ctx = RecordingContext(cancel_at=0.3)
    with pytest.raises(StopRequested):
        simulate(ctx, model={"name": "pi"}, samples=10 * CHUNK)
    assert len(ctx.fractions) == 3
    assert list((roots.parent / "state" / "simulation").iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"model": {"name": "e"}}, "$.model.name"),
        ({"model": "pi"}, "$.model"),
        ({"model": {"name": "pi"}, "samples": 1}, "$.samples"),
        ({"model": {"name": "pi"}, "samples": 10**15}, "$.samples"),
        ({"model": {"name": "pi"}, "seed": -1}, "$.seed"),
        ({"model": {"name": "pi"}, "confidence": 1}, "$.confidence"),
        ({"model": {"name": "option_price", "spot": 0}}, "$.model.spot"),
        ({"model": {"name": "option_price", "volatility": 1e300}}, "$.model.volatility"),
        ({"model": {"name": "option_price", "code": "x"}}, "$.model"),
        ({"model": {"name": "random_walk", "steps": 10**9}}, "$.model.steps"),
        ({"model": {"name": "random_walk", "dimensions": 10**9}}, "$.model.dimensions"),
    ],
)
def test_hostile_parameters(parameters: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        simulation.decode(json.dumps(parameters))
    assert [problem.path for problem in refused.value.problems] == [path]


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "numpy", None)
    with pytest.raises(MissingExtra, match=r'pip install "taskmill\[compute\]"'):
        simulate(model={"name": "pi"})
