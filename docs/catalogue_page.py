"""The catalogue as a page: each task type from its schema, with the run that runs.json keeps (record_runs.py)."""

import inspect
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taskmill.catalogue import app
from taskmill.cli.parameters import Field, fields, parts
from taskmill.config.profiles import BUILT_IN
from taskmill.sdk.task import Task

HERE = Path(__file__).parent
RUNS = json.loads((HERE / "runs.json").read_text(encoding="utf-8"))
REFUSALS = json.loads((HERE / "refusals.json").read_text(encoding="utf-8"))


def catalogue() -> str:
    return "\n".join(line for name in sorted(app.tasks) for line in _section(app.tasks[name]))


def refusals() -> str:
    """Hostile input and what it gets: each line is a test (tests/docs/test_hostile.py)."""
    lines = ["| task type | input | refused with |", "| --- | --- | --- |"]
    for task_type, what, said in REFUSALS:
        shown = said.replace("|", "\\|")
        lines.append(f"| `{task_type}` | {what} | `` {shown} `` |")
    return "\n".join(lines) + "\n"


def profiles() -> str:
    lines = ["| profile | queues | slots | workers |", "| --- | --- | --- | --- |"]
    for name, profile in BUILT_IN.items():
        lines.append(f"| `{name}` | {', '.join(profile['queues'])} | {profile['slots']} | {profile['workers']} |")
    return "\n".join(lines) + "\n"


def _section(task: Task[..., Any]) -> Iterator[str]:
    timeout = "none" if task.timeout is None else f"{task.timeout:g} s"
    yield f"## {task.name}\n\n{inspect.getdoc(task.fn)}\n"
    yield f"Queue `{task.queue}`, up to {task.retries + 1} attempts, timeout {timeout}, executor `{task.executor}`.\n"
    yield from _parameters(task.schema())
    if task.name in RUNS:
        yield _run(task.name, **RUNS[task.name])


def _parameters(schema: dict[str, Any]) -> Iterator[str]:
    if not schema["properties"]:
        yield "It takes no parameters.\n"
        return
    yield from _table("parameter", schema, list(fields(schema)))
    for name, description, inner in parts(schema):
        yield f"`{name}`{': ' if description else ''}{description}\n"
        yield from _table("field", schema["$defs"][name], inner)


def _table(what: str, schema: dict[str, Any], rows: list[Field]) -> Iterator[str]:
    yield f"| {what} | type | required | description | example |\n| --- | --- | --- | --- | --- |"
    for name, kind, required, said in rows:
        examples = schema["properties"][name].get("examples")
        example = f"`{json.dumps(examples[0], ensure_ascii=False)}`" if examples else ""
        cells = (f"`{name}`", kind, "yes" if required else "no", said, example)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _run(name: str, parameters: Any, result: Any) -> str:
    given = shlex.quote(json.dumps(parameters, ensure_ascii=False))
    shown = json.dumps(result, indent=2, ensure_ascii=False)
    return f"```console\n$ taskmill submit -T {name} -P {given}\n{shown}\n```\n"
