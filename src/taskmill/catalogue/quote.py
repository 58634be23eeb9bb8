"""`quote`: words of somebody."""

from typing import Any, TypedDict

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import current
from taskmill.catalogue.web.errors import ServerFault
from taskmill.catalogue.web.providers import POLICY, RETRIES, ProviderQuestion, answer

TEXT = ("quote", "content", "text", "q")
AUTHOR = ("author", "a")
LONGEST = 10_000


class Quoted(TypedDict):
    text: str
    author: str | None


@app.task(queue="http", retries=RETRIES, retry=POLICY, timeout=120)
async def quote() -> Quoted:
    """Fetch a quotation from the quotes API of the settings."""
    provider = current().quote
    said = await answer(
        ProviderQuestion("quote", provider, headers={"X-Api-Key": provider.key} if provider.key else {}), Any
    )
    if said is None:
        raise Refusal("the quotes API has nothing at its address; the operator should look at quote_url")
    one = said[0] if isinstance(said, list) and said else said
    text = _field(one, TEXT)
    if text is None:
        raise ServerFault(f"quote: the answer holds no text under {', '.join(TEXT)}")
    return {"text": text, "author": _field(one, AUTHOR)}


def _field(answer: Any, names: tuple[str, ...]) -> str | None:
    """The first that is there and is text."""
    found = [answer.get(name) for name in names] if isinstance(answer, dict) else []
    return next((value.strip()[:LONGEST] for value in found if isinstance(value, str) and value.strip()), None)
