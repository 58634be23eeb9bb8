"""`simulation`: Monte Carlo, seeded, in chunks; goes on where a killed attempt was."""

from typing import Annotated

from msgspec import Meta, Struct

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import NO_SECOND_TRY
from taskmill.catalogue.simulation.models import Models
from taskmill.executors.contract import Context

DAY = 86_400

Chosen = Annotated[
    Models,
    Meta(
        title="Model",
        description="What to simulate, by name; what is not given has a default.",
        examples=[{"name": "pi"}, {"name": "option_price", "spot": 100, "strike": 105}, {"name": "random_walk"}],
    ),
]
Samples = Annotated[
    int,
    Meta(title="Samples", description="How many draws.", examples=[1_000_000], ge=2, le=100_000_000_000),
]
Seed = Annotated[
    Annotated[int, Meta(ge=0, le=2**63 - 1)] | None,
    Meta(
        title="Seed",
        description="The same seed and version of NumPy give the same result. Unset: one of the task's own.",
        examples=[42],
    ),
]
Confidence = Annotated[
    float,
    Meta(
        title="Confidence",
        description="Of the interval: 0.95 is 95 %.",
        examples=[0.95],
        ge=0.5,
        le=0.999999,
    ),
]


class Estimate(Struct):
    estimate: float
    standard_error: float
    low: float
    """The true value is between `low` and `high`, with this `confidence`."""
    high: float
    confidence: float
    samples: int
    seed: int


@app.task(queue="compute", executor="processes", timeout=DAY, retry=NO_SECOND_TRY)
def simulation(
    ctx: Context, model: Chosen, samples: Samples = 1_000_000, seed: Seed = None, confidence: Confidence = 0.95
) -> Estimate:
    """Estimate π, the price of an option or the length of a random walk by Monte Carlo.

    An attempt goes on where the one before was killed, and the result is the same.
    """
    from taskmill.catalogue.simulation.run import simulate

    moments, chosen = simulate(ctx, model, samples, seed)
    low, high = moments.interval(confidence)
    return Estimate(moments.mean, moments.error(), low, high, confidence, moments.samples, chosen)
