"""The JSON Schema of a task type."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import jsonschema_rs
import pydantic
from msgspec import Meta

from taskmill import App, Context


@dataclass
class Item:
    name: str
    parts: "list[Item]"


class Home(pydantic.BaseModel):
    street: str


class Person(pydantic.BaseModel):
    name: str
    home: Home


@App("memory://").task(name="orders/take")
def take(
    ctx: Context,
    number: Annotated[int, Meta(ge=1, title="Order", description="As printed on the slip.")],
    item: Item,
    person: Person,
    note: str | None = None,
    free: Any = (),
) -> None:
    """Take an order
    and keep it."""


def test_the_whole() -> None:
    schema = take.schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["description"]) == ("orders/take", "Take an order and keep it.")
    assert schema["properties"]["number"] == {
        "type": "integer", "minimum": 1, "title": "Order", "description": "As printed on the slip.",
    }  # fmt: skip
    assert (schema["type"], schema["required"]) == ("object", ["number", "item", "person"])
    assert schema["additionalProperties"] is False
    assert set(schema["$defs"]) == {"Item", "Home"}


def test_it_judges_as_the_codec_does() -> None:
    validator = jsonschema_rs.Draft202012Validator(take.schema())
    good: dict[str, Any] = {
        "number": 1,
        "item": {"name": "a", "parts": [{"name": "b", "parts": []}]},
        "person": {"name": "Ann", "home": {"street": "Main"}},
    }
    assert validator.is_valid(good)
    assert take.decode(json.dumps(good))
    for bad in (
        {"number": 0},
        {"item": {"name": "a", "parts": [{}]}},
        {"person": {"name": "Ann", "home": {}}},
        {"x": 1},
    ):
        assert not validator.is_valid(good | bad)


def test_no_parameters() -> None:
    @App("memory://").task
    def tick() -> None: ...

    assert {"type": "object", "properties": {}, "required": []}.items() <= tick.schema().items()
    assert tick.decode("{}") == {}
