"""How results look: tables on a terminal, tab-separated lines in a pipe, JSON where it is asked for."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

import click


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
        _show(table(headers, cells, spare))
    else:
        click.echo(empty)


def details(pairs: Iterable[tuple[str, object]]) -> None:
    """One thing, field by field."""
    rows(("field", "value"), pairs, "")


def table(headers: Sequence[str], cells: Sequence[Sequence[str]], spare: Sequence[str] = ()) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = _fitting(headers, cells, spare)
    made = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for index in shown:
        made.add_column(headers[index], no_wrap=index != shown[-1], overflow="fold")
    for line in cells:
        made.add_row(*(Text(line[index], style=STATE_STYLES.get(line[index], "")) for index in shown))
    return made


def _fitting(headers: Sequence[str], cells: Sequence[Sequence[str]], spare: Sequence[str]) -> list[int]:
    """The columns that fit next to each other, as far as the spare ones can help it."""
    from rich.cells import cell_len

    widths = [max(cell_len(line[index]) for line in (headers, *cells)) + GAP for index in range(len(headers))]
    shown = list(range(len(headers)))
    for header in spare:
        if sum(widths[index] for index in shown) < shutil.get_terminal_size().columns:
            break
        shown.remove(headers.index(header))
    return shown


GAP = 2
"""Columns of the terminal between two columns of a table."""

STATE_STYLES = {"succeeded": "green", "failed": "red", "running": "cyan", "cancelled": "yellow"} | {
    "ok": "green",
    "warning": "yellow",
}


def document(value: object) -> None:
    """One JSON document; laid out for people on a terminal."""
    import msgspec

    data = msgspec.json.encode(value)
    click.echo(safe_json(msgspec.json.format(data, indent=2 if terminal() else -1)))


def json_line(value: object) -> None:
    import msgspec

    click.echo(safe_json(msgspec.json.encode(value)))


def safe_json(data: bytes) -> str:
    """JSON leaves DEL and the C1 control characters as they are; a terminal obeys some of them."""
    text = data.decode()
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text) if terminal() else text


def _show(renderable: Any) -> None:
    from rich.console import Console

    Console(highlight=False, markup=False).print(renderable)
