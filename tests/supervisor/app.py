"""The app of these tests."""

import asyncio
import os

from taskmill import App

app = App(os.environ.get("CHAOS_STORE"))


@app.task
async def add(a: int, b: int) -> int:
    return a + b


@app.task
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"
