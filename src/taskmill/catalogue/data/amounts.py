"""How much there is of a table, as far as it is known without reading all of it: the unit of its progress."""

from typing import BinaryIO, NamedTuple

from taskmill.catalogue.files.pieces import readable

SAMPLE = 2**20
"""Bytes."""


class Amount(NamedTuple):
    total: int
    rows: bool
    """Else bytes."""
    exact: bool = True

    def described(self, fraction: float) -> str:
        """A part of the whole work: the engine knows no better than about."""
        if not self.rows:
            return f"about {readable(round(fraction * self.total))} of {readable(self.total)}"
        of = "" if self.exact else "about "
        return f"about {round(fraction * self.total):,} of {of}{self.total:,} rows"


def of_lines(file: BinaryIO, size: int) -> Amount:
    """Rows, judged by the first lines."""
    file.seek(0)
    sample = file.read(SAMPLE)
    lines = sample.count(b"\n") or 1
    return Amount(max(1, round(size / (len(sample) or 1) * lines)), rows=True, exact=False)


def of_bytes(size: int) -> Amount:
    return Amount(size, rows=False)
