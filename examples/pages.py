"""Asking a site that has its bad days: retries, and waiting for as long as the site says.

taskmill up pages:app
taskmill submit -T read -P /about
"""

import asyncio

from taskmill import App, Context, Fail, Retry, RetryPolicy

app = App()


class TooManyRequests(Exception):
    """The site asks for a pause, in seconds."""

    def __init__(self, pause: float) -> None:
        super().__init__(f"come back in {pause} s")
        self.pause = pause


@app.task(retries=5, retry=RetryPolicy("exponential", base=0.2, cap=5), timeout=10)
async def read(ctx: Context, path: str) -> str:
    """Read a page. What is gone is not asked for again; a busy site is asked when it likes."""
    try:
        return await get(path, ctx.attempt)
    except TooManyRequests as busy:
        ctx.log(f"the site is busy: {busy}", "warning")
        raise Retry(delay=busy.pause) from busy
    except LookupError as gone:
        raise Fail(f"there is no page {path}") from gone


async def get(path: str, attempt: int) -> str:
    """Stands for a site: the first answer is an error, the second asks for a pause."""
    await asyncio.sleep(0.01)
    if path == "/gone":
        raise LookupError(path)
    if attempt == 1:
        raise ConnectionError("the connection was reset")
    if attempt == 2:
        raise TooManyRequests(pause=0.3)
    return f"this is {path}"
