"""Expressions in pieces."""

import re
from typing import NamedTuple

from taskmill.catalogue.refusal import Refusal

WORDS = {"and", "or", "not", "in", "between", "like", "is", "null", "true", "false"}


class SqlToken(NamedTuple):
    kind: str
    """`number`, `text`, `name`, `word` (of the language), `symbol`, or `end`."""
    value: str
    column: int
    """Where it starts; 1 is the first character."""


_TOKEN = re.compile(
    r"""(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<name>[^\W\d]\w*)
      | (?P<symbol>\|\||<=|>=|<>|!=|==|[-+*/%()=<>,])
      | (?P<space>\s+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokens(expression: str) -> list[SqlToken]:
    """Raises Refusal for a character that belongs to no piece."""
    found = [_token(match) for match in _TOKEN.finditer(expression) if match.lastgroup != "space"]
    return [*found, SqlToken("end", "", len(expression) + 1)]


def _token(match: re.Match[str]) -> SqlToken:
    kind, value, column = str(match.lastgroup), match[0], match.start() + 1
    if kind == "other":
        raise Refusal(f"column {column}: {_why(value)}")
    if kind == "text":
        return SqlToken("text", value[1:-1].replace("''", "'"), column)
    if kind == "quoted":
        return SqlToken("name", value[1:-1].replace('""', '"'), column)
    if kind == "name" and value.lower() in WORDS:
        return SqlToken("word", value.lower(), column)
    return SqlToken(kind, value, column)


def _why(character: str) -> str:
    if character == "'":
        return "the text that begins here has no end; close it with '"
    if character == '"':
        return 'the name that begins here has no end; close it with "'
    return f"{character!r} is not part of an expression"
