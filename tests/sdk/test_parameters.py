"""Parameters: every kind of argument goes to JSON and comes back; what does not fit is refused with its path."""

import dataclasses
import enum
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

import msgspec
import pydantic
import pytest

from taskmill import App, InvalidParameters, InvalidRequest, TooLarge
from taskmill.core.limits import PARAMETERS
from taskmill.sdk.sync import run
from taskmill.stores.contract import TaskFilter


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Line(msgspec.Struct):
    start: Point
    end: Point


class Shape(TypedDict):
    name: str
    points: list[Point]


class Address(pydantic.BaseModel):
    street: str
    city: str = "Graz"
    number: Annotated[int, pydantic.Field(ge=1)]


class Person(pydantic.BaseModel):
    name: str
    home: Address


HOME = Address(street="Main", number=1)
KINDS: list[tuple[Any, Any]] = [
    (int, 2**62),
    (float, 1.5),
    (bool, True),
    (str, "naïve \x01 ✓"),
    (bytes, b"\x00\xff"),
    (int | None, None),
    (list[int], [1, 2]),
    (tuple[int, str], (1, "a")),
    (set[int], {1, 2}),
    (dict[str, list[float]], {"a": [1.0]}),
    (dict[int, str], {1: "a"}),
    (Literal["a", "b"], "b"),
    (Color, Color.RED),
    (datetime, datetime(2026, 1, 2, 3, tzinfo=UTC)),
    (date, date(2026, 1, 2)),
    (timedelta, timedelta(seconds=1.5)),
    (UUID, UUID(int=7)),
    (Decimal, Decimal("0.10")),
    (Point, Point(1, 2)),
    (Line, Line(Point(0), Point(1, 1))),
    (Shape, {"name": "dot", "points": [Point(1)]}),
    (list[Point], [Point(1)]),
    (Address, HOME),
    (Person, Person(name="Ann", home=HOME)),
    (list[Address], [HOME]),
    (Address | None, HOME),
    (Any, {"any": [1, None, "x"]}),
    (object, [1, {"a": 2}]),
]


def task_of(kind: Any) -> Any:
    def take(value): ...  # type: ignore[no-untyped-def]

    take.__annotations__ = {"value": kind, "return": kind}
    return App("memory://").task(take)


@pytest.mark.parametrize(("kind", "value"), KINDS, ids=[str(kind) for kind, _ in KINDS])
def test_there_and_back(kind: Any, value: Any) -> None:
    task = task_of(kind)
    stored = task.enqueue(value).refresh().spec.parameters
    assert task.decode(stored) == {"value": value}
    assert task.decode_result(task.encode_result(value)) == value
    assert task.schema()["required"] == ["value"]


def test_by_position_by_name_and_defaults() -> None:
    @App("memory://").task
    def send(order: int, to: str = "me", *, tags: list[str] = [], fast: bool = False) -> None: ...  # noqa: B006

    stored = send.enqueue(7, fast=True).refresh().spec.parameters
    assert json.loads(stored) == {"order": 7, "fast": True}, "defaults are the worker's"
    assert send.decode(stored) == {"order": 7, "to": "me", "tags": [], "fast": True}


def test_annotations_may_be_defined_later() -> None:
    @App("memory://").task
    def later(value: "Later") -> "Later":  # type: ignore[name-defined]  # noqa: F821
        return value

    globals()["Later"] = Point
    assert later.decode('{"value": {"x": 1}}') == {"value": Point(1)}


def test_an_annotation_that_is_never_defined() -> None:
    @App("memory://").task
    def lost(value: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(InvalidRequest, match="`Nowhere` is not known at run time"):
        lost.enqueue(1)


def test_an_annotation_that_json_cant_serve() -> None:
    with pytest.raises(
        InvalidRequest, match=r"'write': the annotation of `file` can't be served: no JSON .* `StringIO`"
    ):

        @App("memory://").task
        def write(file: io.StringIO) -> None: ...


app = App("memory://")


@app.task
def order(
    number: int,
    lines: list[Point],
    to: Annotated[str, msgspec.Meta(max_length=5)] = "x",
    person: Person | None = None,
    extra: Any = None,
) -> None:
    """Take an order."""


ONE = [Point(1)]
BAD: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"$.number": "is missing", "$.lines": "is missing"}),
    ({"number": "7", "lines": []}, {"$.number": "expected `int`, got `str`"}),
    ({"number": 7, "lines": [{"x": "a"}]}, {"$.lines[0].x": "expected `int`, got `str`"}),
    ({"number": 7, "lines": ONE, "too": "x"}, {"$.too": "unknown parameter; did you mean `to`?"}),
    ({"number": 7, "lines": ONE, "to": "much too long"}, {"$.to": "expected `str` of length <= 5"}),
    (
        {"number": None, "lines": 3},
        {"$.number": "expected `int`, got `null`", "$.lines": "expected `array`, got `int`"},
    ),
    (
        {"number": 7, "lines": ONE, "person": {"name": "Ann", "home": {"street": "Main", "number": 0}}},
        {"$.person.home.number": "Input should be greater than or equal to 1"},
    ),
    ({"number": 7, "lines": ONE, "extra": [{"a": float("nan")}]}, {"$.extra[0].a": "nan can't be written as JSON"}),
    ({"number": 7, "lines": [Point(float("inf"))]}, {"$.lines[0].x": "inf can't be written as JSON"}),  # type: ignore[arg-type]
    ({"number": 7, "lines": ONE, "extra": {"f": [object()]}}, {"$.extra.f[0]": "`object` can't be written as JSON"}),
]


@pytest.mark.parametrize(("arguments", "problems"), BAD, ids=[next(iter(problems)) for _, problems in BAD])
def test_refused_with_the_path_of_each(arguments: dict[str, Any], problems: dict[str, str]) -> None:
    with pytest.raises(InvalidParameters) as refused:
        order.enqueue(**arguments)
    assert dict(refused.value.problems) == problems
    message = str(refused.value)
    assert message.startswith("order: ")
    assert all(f"{path}: {text}" in message for path, text in problems.items())


def test_msgspec_says_where_as_version_0_22_does() -> None:
    """Its errors carry no path but in their sentence, which sdk/codec.py and server/decoding.py read."""
    for text, sentence in (
        ('{"a": [{"x": "b"}]}', "Expected `int`, got `str` - at `$[...][0].x`"),
        ('{"a": [{"x": 1}, 2]}', "Expected `object`, got `int` - at `$[...][1]`"),
        ("[]", "Expected `object`, got `array`"),
    ):
        with pytest.raises(msgspec.ValidationError) as refused:
            msgspec.json.decode(text, type=dict[str, list[Point]])
        assert str(refused.value) == sentence
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode('{"a": 1}', type=dict[int, int])
    assert str(refused.value) == "Expected `int`, got `str` - at `key` in `$`"


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1, [], "a", None, None, 6), {}, "6 positional arguments were given; it takes 5"),
        ((1, []), {"number": 2}, "`number` was given twice"),
    ],
)
def test_refused_as_a_call_would_be(args: tuple[Any, ...], kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameters, match=message):
        order.enqueue(*args, **kwargs)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"number": 1}', '{"number": 1, "lines": 2}', "[" * 100_000])
def test_a_worker_refuses_what_it_cant_use(text: str) -> None:
    with pytest.raises(InvalidParameters, match=r"^order: "):
        order.decode(text)


def test_what_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidParameters, match="nests deeper than 64 levels, or contains itself"):
        order.enqueue(1, [], extra=loop)


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidParameters) as refused:
        order.enqueue(1, [], extra={"a": "\ud800"})
    assert refused.value.problems[0].path == "$.extra.a"


def test_none_is_no_nan() -> None:
    assert order.decode(order.enqueue(1, [], extra=[None, 1.5]).refresh().spec.parameters)["extra"] == [None, 1.5]


def test_too_large() -> None:
    order.enqueue(1, [], extra="x" * (PARAMETERS - 100))
    with pytest.raises(TooLarge, match=r"1,048,\d{3} bytes of JSON; at most 1,048,576 are taken"):
        order.enqueue(1, [], extra="x" * PARAMETERS)


def test_nothing_that_is_refused_is_stored() -> None:
    app = App("memory://")

    @app.task
    def one(i: int) -> None: ...

    with pytest.raises(InvalidParameters):
        one.enqueue_many([one.call(1), one.call("x")])  # type: ignore[arg-type]
    assert run(app.clients.sync().store.count(TaskFilter(), 10)) == 0
