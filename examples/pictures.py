"""Work for the processor: a picture of the Mandelbrot set, in a process of its own, with progress.

taskmill up pictures:app
taskmill submit -T draw -p path=mandelbrot.pgm -p width=200
"""

from pathlib import Path

from taskmill import App, Context

app = App()
SHADES = 255


@app.task(executor="processes", queue="pictures", timeout=120)
def draw(ctx: Context, path: str, width: int = 400) -> int:
    """Draw the set as a PGM picture; returns its size in bytes."""
    height = width * 2 // 3
    rows = []
    for y in range(height):
        ctx.progress(y / height, f"row {y + 1} of {height}")
        rows.append(bytes(shade(3 * x / width - 2, 2 * y / height - 1) for x in range(width)))
    picture = b"P5 %d %d %d\n" % (width, height, SHADES) + b"".join(rows)
    Path(path).write_bytes(picture)  # at the end and in one go: a second run finds nothing half-done
    return len(picture)


def shade(real: float, imaginary: float) -> int:
    point, z = complex(real, imaginary), 0j
    for steps in range(SHADES):
        z = z * z + point
        if abs(z) > 2:
            return SHADES - steps
    return 0
