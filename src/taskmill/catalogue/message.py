"""`message`: something to send that anyone can read."""

from typing import Annotated, TypedDict

from msgspec import Meta

from taskmill.catalogue.base import app
from taskmill.executors.contract import Context

Text = Annotated[
    str, Meta(title="Message", description="The text to log.", examples=["Hello, Taskmill"], max_length=10_000)
]


class LoggedMessage(TypedDict):
    message: str


@app.task
async def message(ctx: Context, message: Text) -> LoggedMessage:
    """Log a message and return it."""
    ctx.log(message)
    return {"message": message}
