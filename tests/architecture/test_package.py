"""What is shipped, and what is locked."""

import re
import tomllib

import pytest

from tests.architecture.tree import ROOT, SOURCE, kept, named

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9.-]+)==", text, re.MULTILINE))


def wanted(requirements: list[str | dict[str, str]]) -> set[str]:
    texts = [text for text in requirements if isinstance(text, str)]
    return {re.split(r"[\[<>=!; ]", text)[0].lower() for text in texts}


def test_every_dependency_is_locked() -> None:
    assert wanted(PROJECT["project"]["dependencies"]) <= pinned("runtime") <= pinned("dev")
    assert wanted(PROJECT["dependency-groups"]["build"]) <= pinned("build") <= pinned("dev")
    assert wanted(PROJECT["dependency-groups"]["dev"] + PROJECT["dependency-groups"]["bench"]) <= pinned("dev")


def test_the_extras_are_locked_for_the_tests_and_all_means_all() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    everything = extras.pop("all")
    assert wanted([library for extra in extras.values() for library in extra]) <= pinned("dev")
    assert everything == [f"taskmill[{','.join(extras)}]"]


@pytest.mark.parametrize("name", ["build", "runtime", "dev"])
def test_locks_have_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=[a-z0-9])", text.partition("make lock\n")[2])
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert "://" not in text


def test_every_sql_file_is_loaded_by_something() -> None:
    """A statement is loaded by its name; migrations are all loaded, in their order."""
    sources = "".join(file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py"))
    statements = [path for path in kept("src/*.sql") if path.parent.name != "migrations"]
    assert len(statements) > 50
    assert [named(path) for path in statements if f'"{path.stem}"' not in sources] == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (SOURCE / "py.typed").exists()
