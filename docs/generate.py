"""Remake the generated parts of the pages: `make docs`. With `--check`, only say which are out of date.

A part stands between `<!-- made by docs/generate.py: NAME -->` and `<!-- end -->`.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from catalogue_page import catalogue, profiles, refusals
from python_page import python

from taskmill.cli.errors import CODES
from taskmill.cli.main import COMMANDS, load_command
from taskmill.cli.main import main as cli
from taskmill.config import reference
from taskmill.core import errors
from taskmill.core.state import CREATED, FINAL, TRANSITIONS, State
from taskmill.server.rest import ROUTES
from taskmill.service.errors import KINDS
from taskmill.service.permissions import PERMISSIONS

DOCS = Path(__file__).parent
PROTOS = [DOCS.parent / "proto" / name for name in ("taskmill/v1/tasks.proto", "taskqueue/taskqueue.proto")]
MIGRATIONS = DOCS.parent / "src/taskmill/stores/sqlite/migrations"
PART = re.compile(r"(<!-- made by docs/generate\.py: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```\n"


def states() -> str:
    """The machine's table as a diagram: moves between the same two states share an arrow."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (before, event), targets in TRANSITIONS.items():
        for after in targets:
            arrows.setdefault((before, after), []).append(event)
    lines = ["stateDiagram-v2", *(f"    [*] --> {state}" for state in CREATED)]
    lines += [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in arrows.items()]
    lines += [f"    {state} --> [*]" for state in State if state in FINAL]
    return fenced("mermaid", "\n".join(lines))


def transitions() -> str:
    lines = ["| state | event | leads to |", "| --- | --- | --- |"]
    lines += [f"| {state} | {event} | {', '.join(to)} |" for (state, event), to in TRANSITIONS.items()]
    return "\n".join(lines) + "\n"


def error_codes() -> str:
    tree = (errors.__doc__ or "").split("\n\n")[1]
    return fenced("text", re.sub("^    ", "", tree, flags=re.MULTILINE))


def settings() -> str:
    return reference.markdown()


def sql_schema() -> str:
    return "\n".join(fenced("sql", path.read_text(encoding="utf-8")) for path in sorted(MIGRATIONS.glob("*.sql")))


def protos() -> str:
    return "\n".join(fenced("protobuf", path.read_text(encoding="utf-8")) for path in PROTOS)


def grpc_statuses() -> str:
    """Over gRPC: code → status."""
    lines = ["| code | status |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| `{code}` | {kind.grpc} |" for code, kind in KINDS.items())]) + "\n"


def permissions() -> str:
    """Method of the service → scopes."""
    lines = ["| method | scope | limited | in the audit |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{name}` | {' or '.join(sorted(row.scopes))} | {row.reach} | {'yes' if row.changes else ''} |"
        for name, row in PERMISSIONS.items()
    ]
    return "\n".join(lines) + "\n"


def statuses() -> str:
    """Over REST: code → HTTP status."""
    lines = ["| code | status | title |", "| --- | --- | --- |"]
    lines += [f"| `{code}` | {kind.http} | {kind.title} |" for code, kind in KINDS.items() if kind.http is not None]
    return "\n".join(lines) + "\n"


def routes() -> str:
    lines = ["| | route | what it does | answers |", "| --- | --- | --- | --- |"]
    for route in ROUTES:
        answers = ", ".join(str(status) for status in route.replies)
        lines.append(f"| {route.method} | `{route.path}` | {route.summary} | {answers} |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """The help of each command, as it is printed on a wide terminal."""
    return "\n".join(helps("taskmill", {name: load_command(name) for name in COMMANDS}))


def helps(path: str, commands: dict[str, click.Command]) -> Iterator[str]:
    for name, command in commands.items():
        called = f"{path} {name}"
        wide = {"terminal_width": 110, "max_content_width": 110}
        context = click.Context(command, info_name=called, **wide, **cli.context_settings)
        yield f"## {called}\n\n{fenced('text', command.get_help(context))}"
        if isinstance(command, click.Group):
            yield from helps(called, command.commands)


def exit_codes() -> str:
    lines = ["| exit code | meaning |", "| --- | --- |"]
    return "\n".join(lines + [f"| {code} | {meaning} |" for code, meaning in CODES.items()]) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        states,
        transitions,
        error_codes,
        settings,
        sql_schema,
        permissions,
        protos,
        grpc_statuses,
        statuses,
        routes,
        commands,
        exit_codes,
        python,
        catalogue,
        profiles,
        refusals,
    )
}


def remade(page: str) -> str:
    return PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n{found[3]}", page)


def outdated() -> list[Path]:
    return [page for page in sorted(DOCS.rglob("*.md")) if remade(text := page.read_text(encoding="utf-8")) != text]


def main() -> None:
    pages = outdated()
    for page in pages:
        print(f"{'out of date' if '--check' in sys.argv else 'remade'}: {page.relative_to(DOCS.parent)}")
        if "--check" not in sys.argv:
            page.write_text(remade(page.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(bool(pages) and "--check" in sys.argv)


if __name__ == "__main__":
    main()
