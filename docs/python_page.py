"""The reference of the Python API: every public name of `taskmill`, from its source and docstrings."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

import taskmill
from taskmill.core import errors
from taskmill.core.errors import TaskmillError

FIRST = ("App", "Task", "TaskHandle", "Context", "current", "Retry", "Snooze", "Fail", "Cancel", "RetryPolicy")
"""In the order in which one meets them; the rest follows by name, and the errors are last."""
INTERNAL = {
    "App": {"add", "admit"},
    "Context": {"request_stop"},
    "RetryPolicy": {"delay", "from_json", "gives_up_on", "to_json"},
    "Task": {"decode", "decode_result", "encode_result", "row", "wants_context", "within"},
}
"""What only Taskmill itself calls."""
GIVEN = {"Context", "Task", "TaskHandle"}
"""Classes whose objects one is given."""
WIDTH = 100

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def python() -> str:
    values = {name: getattr(taskmill, name) for name in taskmill.__all__ if not name.startswith("__")}
    is_error = {name: isinstance(value, type) and issubclass(value, TaskmillError) for name, value in values.items()}
    order = sorted(values, key=lambda name: (is_error[name], FIRST.index(name) if name in FIRST else len(FIRST), name))
    return "\n".join(line for name in order for line in _entry(name, values[name]))


def undocumented() -> list[str]:
    """Public names and members that say nothing about themselves."""
    found = []
    for name in taskmill.__all__:
        value = getattr(taskmill, name)
        if not name.startswith("__") and not _meaning(name, value):
            found.append(name)
        if isinstance(value, type) and not issubclass(value, Exception | Enum):
            found += [f"{name}.{member.name}" for member in _members(value) if not _told(member, _members(value))]
    return found


def _entry(name: str, value: Any) -> Iterator[str]:
    yield f"## {name}\n"
    if not isinstance(value, type):
        yield _code(_signature(_function(value)))
    elif issubclass(value, TaskmillError):
        yield f"`code`: `{value.code}`. A `{value.__bases__[0].__name__}`.\n"
    elif issubclass(value, Enum):
        yield ", ".join(f"`{name}.{one.name}`" for one in value) + "\n"
    elif name not in GIVEN:
        yield _code(_constructor(name, value))
    yield f"{_meaning(name, value)}\n"
    if isinstance(value, type) and not issubclass(value, Exception | Enum):
        yield from (f"`.{attribute}`: {told}\n" for attribute, told in _attributes(value))
        for member in (members := _members(value)):
            yield f"### {name}.{member.name}\n"
            yield _code(_signature(member))
            yield f"{_told(member, members)}\n"


def _meaning(name: str, value: Any) -> str | None:
    """Its docstring, or what the tree of errors says of it."""
    in_tree = re.search(rf"\b{name} +[a-z_]+ +(.+)", errors.__doc__ or "")
    own = vars(value).get("__doc__") if isinstance(value, type) else value.__doc__
    return inspect.cleandoc(own) if own else in_tree and f"{in_tree[1][0].upper()}{in_tree[1][1:]}."


def _told(member: Definition, members: list[Definition]) -> str | None:
    """A method for async code without words of its own is as the one that it is named after."""
    twin = member.name.removeprefix("a")
    is_twin = any(other.name == twin != member.name for other in members)
    return ast.get_docstring(member) or (f"As `{twin}`, for async code." if is_twin else None)


def _members(kind: type) -> list[Definition]:
    """Public methods and properties, without overloads, as they stand in the source."""
    found: dict[str, Definition] = {}
    for node in _class(kind).body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            found[node.name] = node  # the last one is no overload
    return [node for name, node in found.items() if name not in INTERNAL.get(kind.__name__, ())]


def _attributes(kind: type) -> Iterator[tuple[str, str]]:
    """Those of the object that `__init__` explains."""
    for made in (node for node in _class(kind).body if isinstance(node, ast.FunctionDef) and node.name == "__init__"):
        for node, told in pairwise(made.body):
            if isinstance(node, ast.Assign) and isinstance(told, ast.Expr) and isinstance(told.value, ast.Constant):
                attribute = ast.unparse(node.targets[0]).removeprefix("self.")
                if not attribute.startswith("_"):
                    yield attribute, inspect.cleandoc(str(told.value.value))


def _constructor(name: str, kind: type) -> str:
    for node in _class(kind).body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return _signature(node, name, leave_returns=True)
    fields = [node for node in _class(kind).body if isinstance(node, ast.AnnAssign)]
    return _wrapped(name, [ast.unparse(field) for field in fields])


def _signature(node: Definition, name: str | None = None, *, leave_returns: bool = False) -> str:
    """Without `self`. Annotations that are texts are shown as what they say."""
    node = _Unquoted().visit(node)
    if any(isinstance(mark, ast.Name) and mark.id == "property" for mark in node.decorator_list):
        return f"{node.name}: {ast.unparse(node.returns)}" if node.returns else node.name
    listed = ast.unparse(node.args).removeprefix("self").removeprefix(", ")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and not leave_returns else ""
    lead = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    parameters = _split(listed.removeprefix("/, "))
    return lead + _wrapped(name or node.name, parameters) + returns


class _Unquoted(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = _unquoted(node.annotation)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = _unquoted(node.returns)
        self.visit(node.args)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.returns = _unquoted(node.returns)
        self.visit(node.args)
        return node


def _unquoted(annotation: ast.expr | None) -> ast.expr | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return ast.parse(annotation.value, mode="eval").body
    return annotation


def _wrapped(name: str, parameters: list[str]) -> str:
    short = f"{name}({', '.join(parameters)})"
    return short if len(short) <= WIDTH else "\n".join([f"{name}(", *(f"    {one}," for one in parameters), ")"])


def _split(listed: str) -> list[str]:
    """At the commas between parameters, not at those within brackets."""
    parts, depth = [""], 0
    for character in listed:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [re.sub(r"^(\w+: [^=]+)=", r"\1 = ", part.strip()) for part in parts if part.strip()]


def _code(text: str) -> str:
    return f"```python\n{text}\n```\n"


def _function(value: Any) -> Definition:
    tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    [node] = tree.body
    assert isinstance(node, Definition)
    return node


def _class(kind: type) -> ast.ClassDef:
    [node] = [each for each in _tree(inspect.getmodule(kind)).body if getattr(each, "name", None) == kind.__name__]
    assert isinstance(node, ast.ClassDef)
    return node


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))
