"""One chunk of draws of a model, by NumPy."""

import math
from typing import TYPE_CHECKING

from taskmill.catalogue.simulation.models import Models, OptionPrice, Pi, RandomWalk
from taskmill.catalogue.simulation.moments import Moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray


def draw(model: Models, seed: int, chunk: int, count: int) -> Moments:
    """The same for the same arguments, whatever was drawn before: each chunk has a stream of its own."""
    import numpy as np

    values = _values(model, np.random.default_rng([seed, chunk]), count)
    mean = float(values.mean())
    return Moments(count, mean, float(((values - mean) ** 2).sum()))


def _values(model: Models, rng: "Generator", count: int) -> "NDArray[np.float64]":
    match model:
        case Pi():
            return _quarters(rng, count)
        case OptionPrice():
            return _payoffs(model, rng, count)
        case RandomWalk(steps, dimensions):
            return _distances(rng, count, steps, dimensions)


def _quarters(rng: "Generator", count: int) -> "NDArray[np.float64]":
    """4 for a point within the circle, 0 for one outside."""
    inside = (rng.random((count, 2)) ** 2).sum(axis=1) <= 1.0
    quarters: NDArray[np.float64] = inside.astype("float64") * 4.0
    return quarters


def _payoffs(model: OptionPrice, rng: "Generator", count: int) -> "NDArray[np.float64]":
    import numpy as np

    drift = (model.rate - model.volatility**2 / 2) * model.years
    final = model.spot * np.exp(drift + model.volatility * math.sqrt(model.years) * rng.standard_normal(count))
    gain = final - model.strike if model.kind == "call" else model.strike - final
    discounted: NDArray[np.float64] = np.maximum(gain, 0.0) * math.exp(-model.rate * model.years)
    return discounted


def _distances(rng: "Generator", count: int, steps: int, dimensions: int) -> "NDArray[np.float64]":
    """Each step goes along one axis; how many go along which, and how many of those forwards, is all that matters."""
    import numpy as np

    along = rng.multinomial(steps, [1 / dimensions] * dimensions, size=count)
    ends = 2 * rng.binomial(along, 0.5) - along
    distances: NDArray[np.float64] = np.sqrt((ends.astype(np.float64) ** 2).sum(axis=1))
    return distances
