"""`exchange_rate`: what an amount of money is in another currency."""

from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import current
from taskmill.catalogue.web.errors import ServerFault
from taskmill.catalogue.web.providers import POLICY, RETRIES, ProviderQuestion, answer

CODE = r"^[A-Za-z]{3}$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

To = Annotated[str, Meta(title="To", description="The currency to change into.", examples=["USD"], pattern=CODE)]
Base = Annotated[str, Meta(title="From", description="The currency you have.", examples=["EUR"], pattern=CODE)]
Amount = Annotated[float, Meta(title="Amount", description="How much of it you have.", examples=[100.0], ge=0, le=1e15)]
Day = Annotated[
    str,
    Meta(
        title="Date",
        description="The day of the rate, as YYYY-MM-DD, or `latest`.",
        examples=["latest"],
        pattern=rf"^latest$|{DATE}",
    ),
]


class RatesAnswer(Struct):
    """Of `GET /latest` and `GET /{date}`."""

    base: str
    date: str
    rates: dict[str, float]


class Changed(TypedDict):
    base: str
    to: str
    rate: float
    amount: float
    value: float
    """`amount` times `rate`."""
    date: str
    """The day of the rate: the last one on which banks were open."""


@app.task(queue="http", retries=RETRIES, retry=POLICY, timeout=120)
async def exchange_rate(to: To, base: Base = "EUR", amount: Amount = 1.0, date: Day = "latest") -> Changed:
    """Look up the European Central Bank's reference rate of two currencies, and change an amount."""
    base, to = base.strip().upper(), to.strip().upper()
    question = ProviderQuestion(
        "exchange_rate", current().exchange_rate, f"/{date.strip()}", {"base": base, "symbols": to}
    )
    if base == to:
        raise Refusal(f"from {base} to {to} needs no rate")
    found = await answer(question, RatesAnswer)
    if found is None:
        raise Refusal(f"no rate from {base} to {to} is known for {date}")
    if to not in found.rates:
        raise ServerFault(f"exchange_rate: the answer holds no rate for {to}")
    rate = found.rates[to]
    return {
        "base": base,
        "to": to,
        "rate": rate,
        "amount": amount,
        "value": round(amount * rate, 6),
        "date": found.date,
    }
