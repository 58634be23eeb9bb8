"""Imports point one way, and each package from outside has its home."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, SOURCE, imports, named, parsed

HOMES = {
    "apsw": ("stores/sqlite/",),
    "asyncpg": ("stores/postgres/",),
    "click": ("cli/",),
    "httptools": ("server/",),
    "httpx": ("catalogue/",),
    "jsonschema_rs": ("sdk/", "service/"),
    "msgspec": (
        "brokers/",
        "catalogue/",
        "cli/",
        "engine/",
        "executors/",
        "feeds/",
        "sdk/",
        "server/",
        "service/",
        "stores/",
        "supervisor/",
        "testing/",
    ),
    "pika": ("brokers/", "feeds/", "wires/"),
    "psycopg": ("stores/postgres/",),
    "pytest": ("testing/",),
    "hypothesis": ("testing/",),
    "redis": ("brokers/", "feeds/", "wires/"),
    "rich": ("cli/",),
    "duckdb": ("catalogue/",),
    "jinja2": ("catalogue/",),
    "matplotlib": ("catalogue/",),
    "numpy": ("catalogue/",),
    "PIL": ("catalogue/",),
    "sqlalchemy": ("stores/postgres/",),
    "starlette": ("server/",),
    "uvicorn": ("server/",),
    "uvloop": ("server/", "supervisor/"),
    "watchfiles": ("supervisor/",),
    "yaml": ("config/",),
}
"""Package → the folders that may import it. The core and the contracts are in none: the standard library is enough."""

FILES = sorted(SOURCE.rglob("*.py"))


def test_layers() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", FILES, ids=named)
def test_packages_from_outside_stay_at_home(path: Path) -> None:
    place = path.relative_to(SOURCE).as_posix()
    outside = {name.split(".")[0] for name in imports(parsed(path))} - set(sys.stdlib_module_names) - {"taskmill"}
    assert [name for name in sorted(outside) if not place.startswith(HOMES.get(name, ("nowhere",)))] == []


@pytest.mark.parametrize("path", [*SOURCE.glob("core/*.py"), *SOURCE.glob("*/contract.py")], ids=named)
def test_the_core_and_the_contracts_import_nothing_from_outside(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(parsed(path))} <= set(sys.stdlib_module_names) | {"taskmill"}
