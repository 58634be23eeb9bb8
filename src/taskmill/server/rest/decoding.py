"""From bytes and query strings to structs, or a refusal that says where and why."""

import re
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import parse_qsl

import msgspec

from taskmill.core.errors import InvalidRequest, Problem
from taskmill.core.suggest import near_names
from taskmill.core.task import PRIORITIES
from taskmill.server.rest.problems import InvalidJson

T = TypeVar("T", bound=msgspec.Struct)
LONGEST = 300
"""Characters of what was sent that an answer repeats."""
PLACE = " - at `"
FIELD = re.compile(r"Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
"""How msgspec words what is wrong, as of 0.22: its errors have no fields. tests/faces/test_libraries.py watches it."""
WORDS = {"$.priority": tuple(PRIORITIES)}
LISTS = frozenset({"state", "queue", "task_type", "priority", "tag", "id"})
NUMBERS: dict[str, type[int] | type[float]] = {"limit": int, "wait": float}


class Body(Generic[T]):
    """Reads bodies of one shape."""

    def __init__(self, shape: type[T]) -> None:
        self.shape = shape
        self._decoder = msgspec.json.Decoder(shape)

    def read(self, body: bytes | msgspec.Raw) -> T:
        """Raises InvalidJson, InvalidRequest."""
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as wrong:
            _explain(str(wrong), self.shape)
        except msgspec.DecodeError as wrong:
            raise InvalidJson(f"{wrong} (of {len(bytes(body))} bytes)") from None
        except UnicodeDecodeError:
            raise InvalidJson(f"the body is not UTF-8{_where(bytes(body))}") from None
        except RecursionError:
            raise InvalidJson("the body nests too deep") from None


def read_query(query: bytes, shape: type[T]) -> T:
    """Raises InvalidRequest. What may be several is repeated: `?state=ready&state=running`."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=500)
    except ValueError:
        raise InvalidRequest("the query string is not percent-encoded UTF-8") from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name[:5] == "meta." and "meta" in shape.__struct_fields__:
            given.setdefault("meta", {})[name[5:]] = value
        elif name in LISTS:
            given.setdefault(name, []).append(value)
        elif name in given:
            _refuse(f"$.{name}", "is given twice")
        else:
            given[name] = _number(name, value)
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as wrong:
        _explain(str(wrong), shape)


def _number(name: str, value: str) -> Any:
    try:
        return NUMBERS[name](value) if name in NUMBERS else value
    except ValueError:
        return value


def _explain(message: str, shape: type[msgspec.Struct]) -> NoReturn:
    """In our words, with the path of the field and the names that come near."""
    what, place, path = message.rpartition(PLACE)
    what, path = (what, path[:-1][:LONGEST]) if place and path[:1] == "$" else (message, "$")
    field = FIELD.fullmatch(what)
    if field and field["what"] == "missing required":
        _refuse(f"{path}.{field['name']}", "is required")
    if field:
        hint = near_names(field["name"], shape.__struct_fields__) or "none is known here"
        _refuse(f"{path}.{field['name'][:64]}", f"is not a known field; {hint}")
    if path in WORDS:
        _refuse(path, f"must be {', '.join(WORDS[path][:-1])} or {WORDS[path][-1]}")
    _refuse(path, what[:1].lower() + what[1:LONGEST])


def _refuse(path: str, message: str) -> NoReturn:
    raise InvalidRequest(f"{path} {message}", problems=[Problem(path, message)])


def _where(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return f" (byte {wrong.start})"
    return ""
