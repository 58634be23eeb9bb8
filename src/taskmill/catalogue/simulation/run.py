"""Chunk after chunk, until all are done."""

import hashlib
import time

import msgspec

from taskmill.catalogue import settings
from taskmill.catalogue.refusal import need
from taskmill.catalogue.simulation.checkpoint import Checkpoint
from taskmill.catalogue.simulation.draws import draw
from taskmill.catalogue.simulation.models import Models, RandomWalk
from taskmill.catalogue.simulation.moments import Moments
from taskmill.executors.contract import Context, StopRequested

CHUNK = 200_000
"""Samples; a few milliseconds, and a few megabytes."""


def simulate(ctx: Context, model: Models, samples: int, seed: int | None) -> tuple[Moments, int]:
    """What all samples gave, and the seed."""
    need("numpy", "compute")
    chosen = _seed_of(ctx.task.id) if seed is None else seed
    what = msgspec.json.encode([model, samples, chosen]).decode()
    checkpoint = Checkpoint(ctx.task.id, what)
    try:
        moments = _run(ctx, checkpoint, model, samples, chosen)
    except StopRequested:
        checkpoint.remove()
        raise
    checkpoint.remove()
    return moments, chosen


def _run(ctx: Context, checkpoint: Checkpoint, model: Models, samples: int, seed: int) -> Moments:
    size = CHUNK // 4 if isinstance(model, RandomWalk) else CHUNK
    chunks = -(-samples // size)
    done, moments = checkpoint.load()
    if done:
        ctx.log(f"goes on after chunk {done:,} of {chunks:,}")
    saved_at, interval = time.monotonic(), settings.current().checkpoint_interval
    for chunk in range(done, chunks):
        ctx.raise_if_cancelled()
        moments = moments.plus(draw(model, seed, chunk, min(size, samples - chunk * size)))
        ctx.progress((chunk + 1) / chunks, f"{moments.samples:,} of {samples:,} samples")
        if time.monotonic() - saved_at > interval:
            checkpoint.save(chunk + 1, moments)
            saved_at = time.monotonic()
    return moments


def _seed_of(task_id: str) -> int:
    """The same in each attempt."""
    return int.from_bytes(hashlib.sha256(task_id.encode()).digest()[:6])
