"""How results look: tables on a terminal, tab-separated lines in a pipe, JSON where it is asked for."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import click

from taskmill.cli.hints import here


def terminal(stream: TextIO | None = None) -> bool:
    stream = stream or sys.stdout
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def colours(stream: TextIO | None = None) -> bool:
    return terminal(stream) and not os.environ.get("NO_COLOR")


def printable(text: str) -> str:
    """Without anything that could move a cursor or change a terminal: what is stored came from anywhere."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def cell(value: object) -> str:
    """One field of a line: no tab, no line break."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = ",".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(" ".join(str(value).split()))


def rows(headers: Sequence[str], lines: Iterable[Sequence[object]], empty: str, spare: Sequence[str] = ()) -> None:
    """A table with headers on a terminal (`empty` when there is none), plain lines in a pipe.

    Columns in `spare` give way, in that order, on a terminal that is too narrow for all.
    """
    cells = [[cell(value) for value in line] for line in lines]
    if not terminal():
        click.echo("".join("\t".join(line) + "\n" for line in cells), nl=False)
    elif cells:
        from taskmill.cli.screen import show_table  # rich is for terminals alone

        show_table(headers, cells, spare)
    else:
        click.echo(here(empty))


def details(pairs: Iterable[tuple[str, object]]) -> None:
    """One thing, field by field."""
    rows(("field", "value"), pairs, "")


def forget_output() -> None:
    """What was not written yet can't be: Python would try once more at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def document(value: object) -> None:
    """One JSON document; laid out for people on a terminal."""
    _echo_json(value, 2 if terminal() else -1)


def json_line(value: object) -> None:
    _echo_json(value, -1)


def _echo_json(value: object, indent: int) -> None:
    import msgspec  # `taskmill --help` and `up` print no JSON

    click.echo(safe_json(msgspec.json.format(msgspec.json.encode(value), indent=indent)))


def safe_json(data: bytes) -> str:
    """JSON leaves DEL and the C1 control characters as they are; a terminal obeys some of them."""
    text = data.decode()
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text) if terminal() else text
