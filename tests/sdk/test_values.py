"""What an annotation promises holds: a value comes back as it was given, or is refused before it is stored."""

import collections
import dataclasses
import json
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy
import pydantic
import pytest
from pydantic import SecretStr

from taskmill import App, InvalidParameters, InvalidRequest
from taskmill.core.outcome import Raised, Returned
from taskmill.executors.call import returned
from tests.sdk.kinds import (
    VIENNA,
    After,
    Alias,
    Attrs,
    Base64,
    Box,
    ByName,
    Bytes,
    Camel,
    Cat,
    Changing,
    Color,
    Computed,
    Derived,
    Dog,
    Excluded,
    Extra,
    Generated,
    More,
    NoInit,
    Number,
    Open,
    Pair,
    Part,
    Plain,
    Private,
    Required,
    Rooted,
    Secrets,
    Several,
    Shortened,
    Strict,
    T,
    Text,
    Unseen,
    UserId,
    Written,
    Zoo,
    private,
    task_of,
    with_y,
)

EXACT: list[tuple[Any, Any]] = [
    (Alias, Alias(theX=5)),
    (Required, Required(theX=5, inner={"k": [Alias(theX=3)]})),
    (ByName, ByName(theX=4)),
    (Generated, Generated.model_validate({"SOME": 1})),
    (Several, Several.model_validate({"b": 3, "p": {"q": [0, 8]}})),
    (Secrets, Secrets(word="s", more=["t"], day=date(2026, 1, 2))),  # type: ignore[arg-type, list-item]
    (SecretStr, SecretStr("s")),
    (Excluded, Excluded(x=0)),
    (Computed, Computed(x=1)),
    (Zoo, Zoo(one=Dog(kind="dog", tricks=1), all=[Cat(kind="cat", lives=9)])),
    (Box[list[Alias]], Box[list[Alias]](value=[Alias(theX=1)])),
    (Written, Written(x=1.5)),
    (Base64, Base64(data=b"\xff")),
    (Rooted, Rooted([Alias(theX=1)])),
    (Extra, Extra(x=1, more=[1])),  # type: ignore[call-arg]
    (Text, Text(numbers="[1, 2]")),  # type: ignore[arg-type]
    (
        Strict,
        Strict(
            at=datetime(2026, 1, 1, tzinfo=UTC),
            id=UUID(int=4),
            pair=(1, 2),
            some={1},
            path=Path("/a b"),
            amount=Decimal("0.10"),
        ),
    ),
    (NoInit, with_y(8)),
    (Unseen, Unseen(1, 9)),
    (Camel, Camel(3)),
    (Attrs, Attrs(1)),
    (Pair, Pair(1, "b")),
    (Part, {"a": 1}),
    (UserId, UserId(4)),
    (Color, Color.RED),
    (Number, Number.ONE),
    (Path, Path("a/b")),
    (PurePosixPath, PurePosixPath("/x")),
    (Path | None, None),
    (dict[Path, int], {Path("a"): 1}),
    (datetime, datetime(2026, 1, 1, 1, 2, 3, 456789)),
    (time, time(1, 2, 3, 4)),
    (timedelta, timedelta(days=-5, microseconds=7)),
    (timedelta, timedelta(days=999_999_999, microseconds=1)),
    (Decimal, Decimal("1E+400")),
    (float, -0.0),
    (float, 5e-324),
    (dict[UUID, int], {UUID(int=1): 1}),
    (dict[date, int], {date(2026, 1, 1): 1}),
    (frozenset[str], frozenset("ab")),
    (bytearray, bytearray(b"\xff")),
    (Mapping[str, int], {"a": 1}),
    (Any, {"a": [1, 2.5, None, True, "x", {}]}),
    (T, 3),
]


def named(pair: tuple[Any, ...]) -> str:
    value = sorted(pair[1], key=str) if isinstance(pair[1], set | frozenset) else pair[1]  # in the same order each time
    return f"{getattr(pair[0], '__name__', pair[0])} {value!r}"[:60]


@pytest.mark.parametrize(("kind", "value"), EXACT, ids=map(named, EXACT))
def test_a_value_comes_back_as_it_was_given(kind: Any, value: Any) -> None:
    task = task_of(kind)
    stored = task.enqueue(value).refresh().spec.parameters
    for back in (task.decode(stored)["value"], task.decode_result(task.encode_result(value))):
        assert type(back) is type(value)
        assert back == value
        if isinstance(value, Unseen | float):
            assert repr(back) == repr(value)


def test_what_was_stored_can_be_read_by_others() -> None:
    stored = task_of(Required).enqueue(Required(theX=5)).refresh().spec.parameters
    assert json.loads(stored) == {"value": {"theX": 5, "inner": {}}}
    stored = task_of(Secrets).enqueue(Secrets(word=SecretStr("s"))).refresh().spec.parameters
    assert json.loads(stored) == {"value": {"word": "s", "data": "xy", "more": [], "day": None}}


LOST: list[tuple[Any, Any, str]] = [
    (Excluded, Excluded(x=3), "$.value.x: is of type `int` and would come back with another value"),
    (Changing, Changing(x=1), "$.value.x: is of type `int` and would come back with another value"),
    (Private, private(4), "$.value._count: is of type `int` and would come back with another value"),
    (Shortened, Shortened(x="long"), "$.value.x: is of type `str` and would come back with another value"),
    (After, After(1), "$.value.x: is of type `int` and would come back with another value"),
    (Alias, Derived(theX=1), "$.value: is of type `Derived` and would come back as `Alias`; annotate what it is"),
    (Unseen, More(1), "$.value: is of type `More` and would come back as `Unseen`; annotate what it is"),
    (Bytes, Bytes(data=b"\xff"), "$.value: 'utf-8' codec can't decode byte 0xff"),
    (Part, {"a": 1, "zz": 3}, "$.value.zz: would be lost"),
    (float, 2**53 + 1, "$.value: is of type `int` and would come back as `float`"),
    (int, True, "$.value: expected `int`, got `bool`"),
    (list[int], {1, 2}, "$.value: is of type `set` and would come back as `list`"),
    (set[int], [1, 1], "$.value: has 2 items, of which 1 would be left"),
    (list[float], [float("inf")], "$.value[0]: inf can't be written as JSON"),
    (float, float("nan"), "$.value: nan can't be written as JSON"),
    (Any, {"1": "a", 1: "b"}, "$.value['1']: would be lost"),
    (datetime, datetime(2026, 10, 25, 2, 30, fold=1), "$.value: is a time without a zone that may be one of two"),
    (time, time(2, 30, fold=1), "$.value: is a time without a zone that may be one of two"),
    (datetime, datetime(1880, 1, 1, tzinfo=VIENNA), "$.value: is of type `datetime` and would come back with another"),
]


@pytest.mark.parametrize(("kind", "value", "message"), LOST, ids=map(named, LOST))
def test_what_would_change_is_refused_at_the_door_and_as_a_result(kind: Any, value: Any, message: str) -> None:
    task = task_of(kind)
    with pytest.raises(InvalidParameters, match=re.escape(message)):
        task.enqueue(value)
    outcome = returned(task, value)
    assert isinstance(outcome, Raised)
    assert (outcome.failure.code, outcome.final) == ("invalid_result", True)


OPEN: list[tuple[Any, Any, str]] = [
    (Any, (1, 2), "[1,2]"),
    (Any, {1: "a"}, '{"1":"a"}'),
    (dict, {1: "a"}, '{"1":"a"}'),
    (dict[str, Any], {"a": {"b": (1,)}}, '{"a":{"b":[1]}}'),
    (Any, date(2026, 1, 1), '"2026-01-01"'),
    (list, [Decimal(1)], '["1"]'),
    (Any, {1}, "[1]"),
    (Any, Alias(theX=4), '{"theX":4}'),
    (Any, Unseen(1), '{"x":1,"y":5}'),
    (Open, Open(value=(1, 2)), '{"value":[1,2]}'),
]


@pytest.mark.parametrize(("kind", "value", "form"), OPEN, ids=map(named, OPEN))
def test_where_nothing_is_annotated_parameters_are_json_and_results_take_its_form(
    kind: Any, value: Any, form: str
) -> None:
    task = task_of(kind)
    with pytest.raises(InvalidParameters, match="would come back as"):
        task.enqueue(value)
    assert returned(task, value) == Returned(form)


@pytest.mark.parametrize(
    ("kind", "value", "made"),
    [
        (Sequence[int], (1, 2), [1, 2]),
        (tuple[int, ...], [1, 2], (1, 2)),
        (set[int], [1, 2], {1, 2}),
        (date, "2026-01-01", date(2026, 1, 1)),
        (Path, "a/b", Path("a/b")),
        (Unseen, {"x": 1}, Unseen(1)),
        (Alias, {"theX": 3}, Alias(theX=3)),
        (float, 1, 1.0),
        (int, numpy.int64(4), 4),
        (float, numpy.float64(1.5), 1.5),
        (str, numpy.str_("a"), "a"),
        (dict[str, int], collections.Counter("aab"), {"a": 2, "b": 1}),
        (
            datetime,
            datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=VIENNA),
            datetime.fromisoformat("2026-10-25T02:30+01:00"),
        ),
    ],
)
def test_an_annotation_makes_of_it_what_it_says(kind: Any, value: Any, made: Any) -> None:
    task = task_of(kind)
    back = task.decode(task.enqueue(value).refresh().spec.parameters)["value"]
    assert (type(back), back) == (type(made), made)
    assert task.decode_result(task.encode_result(value)) == made


@pytest.mark.parametrize(
    ("kind", "text", "made"),
    [
        (int, "2.0", 2),
        (int, "1e3", 1000),
        (int | None, "2.0", 2),
        (list[int], "[1, 2.0]", [1, 2]),
        (Unseen, '{"x": 2.0, "y": 3}', Unseen(2, 3)),
        (dict[str, Number], '{"a": 1.0}', {"a": Number.ONE}),
        (Any, "[2.0]", [2.0]),
    ],
)
def test_a_whole_number_may_be_written_as_languages_without_integers_do(kind: Any, text: str, made: Any) -> None:
    back = task_of(kind).decode(f'{{"value": {text}}}')["value"]
    assert (back, repr(back)) == (made, repr(made))


@pytest.mark.parametrize("text", ["2.5", "1e300", '"2"', "true", "[2.0]"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameters, match=r"\$\.value: expected `int`"):
        task_of(int).decode(f'{{"value": {text}}}')


@pytest.mark.parametrize(
    "kind",
    [
        numpy.ndarray,
        complex,
        range,
        re.Pattern,
        Fraction,
        collections.deque,
        Iterable[int],
        Callable[[int], int],
        type,
        Plain,
        ZoneInfo,
        pydantic.HttpUrl,
        datetime | str,
        list[Plain],
        typing.AnyStr,
    ],
)
def test_what_cannot_be_served_is_refused_at_declaration_in_a_sentence(kind: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^task type 'take': the annotation of `value` can't be served: [^\n]+"):
        task_of(kind)

    def make(): ...  # type: ignore[no-untyped-def]

    make.__annotations__ = {"return": kind}
    with pytest.raises(InvalidRequest, match=r"^task type 'make': the annotation of `return` can't be served: [^\n]+"):
        App("memory://").task(make)


def test_a_default_that_no_schema_can_show_is_told() -> None:
    @dataclasses.dataclass
    class Shown:
        path: Path = Path("a")

    with pytest.raises(
        InvalidRequest, match="PosixPath is unsupported, as the default of a field; give it by default_"
    ):
        task_of(Shown)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (int, "text", "it does not fit the return annotation: expected `int`, got `str`"),
        (int, None, "it does not fit the return annotation: expected `int`, got `null`"),
        (type(None), 5, "it does not fit the return annotation: expected `null`, got `int`"),
        (list[Unseen], [Unseen("x")], "it does not fit the return annotation: [0].x expected `int`, got `str`"),  # type: ignore[arg-type]
        (str, UUID(int=1), "is of type `UUID` and would come back as `str`; annotate what it is"),
        (Alias, Plain(), "`Plain` can't be written as JSON"),
    ],
)
def test_a_result_that_does_not_fit_is_no_success(kind: Any, value: Any, message: str) -> None:
    outcome = returned(task_of(kind), value)
    assert isinstance(outcome, Raised)
    assert outcome.failure.code == "invalid_result"
    assert outcome.failure.message == f"the handler of 'take' returned a {type(value).__name__}: {message}"
