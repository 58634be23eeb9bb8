"""Count, mean and spread of values, put together from chunks (Chan, Golub and LeVeque, 1979)."""

import math
from statistics import NormalDist
from typing import NamedTuple


class Moments(NamedTuple):
    samples: int = 0
    mean: float = 0.0
    squares: float = 0.0
    """Sum of squared distances from the mean."""

    def plus(self, other: "Moments") -> "Moments":
        count = self.samples + other.samples
        apart = other.mean - self.mean
        mean = self.mean + apart * other.samples / count
        return Moments(count, mean, self.squares + other.squares + apart**2 * self.samples * other.samples / count)

    def error(self) -> float:
        """Standard error of the mean."""
        return math.sqrt(self.squares / (self.samples - 1) / self.samples)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Where the true mean lies, with that confidence."""
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * self.error()
        return self.mean - reach, self.mean + reach
