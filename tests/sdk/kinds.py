"""Kinds of values that handlers are annotated with."""

import dataclasses
import enum
import threading
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pydantic
from pydantic import AliasChoices, AliasPath, ConfigDict, Field, PrivateAttr, SecretBytes, SecretStr

from taskmill import App

T = TypeVar("T")
VIENNA = ZoneInfo("Europe/Vienna")
UserId = NewType("UserId", int)


class Alias(pydantic.BaseModel):
    x: int = Field(0, alias="theX")


class Required(pydantic.BaseModel):
    x: int = Field(alias="theX")
    inner: dict[str, list[Alias]] = {}


class ByName(pydantic.BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    x: int = Field(alias="theX")


class Generated(pydantic.BaseModel):
    model_config = ConfigDict(alias_generator=str.upper)
    some: int


class Several(pydantic.BaseModel):
    x: int = Field(validation_alias=AliasChoices("a", "b"))
    y: int = Field(5, validation_alias=AliasPath("p", "q", 1))
    z: int = Field(1, serialization_alias="zz")


class Secrets(pydantic.BaseModel):
    word: SecretStr
    data: SecretBytes = SecretBytes(b"xy")
    more: list[SecretStr] = []
    day: pydantic.Secret[date] | None = None


class Excluded(pydantic.BaseModel):
    x: int = Field(0, exclude=True)


class Computed(pydantic.BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return 2 * self.x


class Changing(pydantic.BaseModel):
    x: int

    @pydantic.field_validator("x")
    @classmethod
    def more(cls, value: int) -> int:
        return value + 1


class Private(pydantic.BaseModel):
    x: int
    _count: int = PrivateAttr(3)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    tricks: int


class Zoo(pydantic.BaseModel):
    one: Cat | Dog = Field(discriminator="kind")
    all: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []


class Box(pydantic.BaseModel, Generic[T]):
    value: T


class Written(pydantic.BaseModel):
    x: float

    @pydantic.field_serializer("x")
    def as_text(self, value: float) -> str:
        return str(value)


class Shortened(pydantic.BaseModel):
    x: str

    @pydantic.field_serializer("x")
    def as_text(self, value: str) -> str:
        return value[:3]


class Strict(pydantic.BaseModel):
    model_config = ConfigDict(strict=True)
    at: datetime
    id: UUID
    pair: tuple[int, int]
    some: set[int]
    path: Path
    amount: Decimal


class Bytes(pydantic.BaseModel):
    data: bytes


class Base64(pydantic.BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    data: bytes


class Rooted(pydantic.RootModel[list[Alias]]):
    pass


class Extra(pydantic.BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


class Derived(Alias):
    more: int = 7


class Text(pydantic.BaseModel):
    numbers: pydantic.Json[list[int]]


class Open(pydantic.BaseModel):
    value: Any


class Color(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


@dataclasses.dataclass
class NoInit:
    x: int
    y: int = dataclasses.field(init=False, default=5)


@dataclasses.dataclass
class Unseen:
    x: int
    y: int = dataclasses.field(default=5, compare=False)


@dataclasses.dataclass
class More(Unseen):
    z: int = 1


@dataclasses.dataclass
class After:
    x: int

    def __post_init__(self) -> None:
        self.x += 1


class Camel(msgspec.Struct, rename="camel"):
    some_field: int


@attrs.define
class Attrs:
    x: int


class Pair(NamedTuple):
    a: int
    b: str = "x"


class Part(TypedDict, total=False):
    a: int


class Plain:
    pass


def with_y(value: int) -> NoInit:
    changed = NoInit(1)
    changed.y = value
    return changed


def private(count: int) -> Private:
    model = Private(x=1)
    model._count = count
    return model


def task_of(kind: Any) -> Any:
    def take(value): ...  # type: ignore[no-untyped-def]

    take.__annotations__ = {"value": kind, "return": kind}
    return App("memory://").task(take)
