"""Imports point one way, and each package from outside has its home."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, SOURCE, imports, named, parsed

HOMES = {
    "apsw": ("stores/sqlite/",),
    "argon2": ("service/passwords.py",),
    "asyncpg": ("stores/postgres/",),
    "click": ("cli/",),
    "google": ("rpc/", "server/grpc/", "cli/over_grpc.py"),
    "grpc": ("rpc/", "server/grpc/", "cli/over_grpc.py"),
    "grpc_health": ("server/grpc/",),
    "grpc_reflection": ("server/grpc/",),
    "grpc_status": ("server/grpc/", "cli/over_grpc.py"),
    "httptools": ("server/",),
    "httpx": ("catalogue/",),
    "idna": ("catalogue/",),
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

KINDS = ("stores", "brokers", "feeds")
SHARED = ("contract", "blocking")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_layers() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("contract", "names"),
    [
        ("Adapters do not know each other", "modules"),
        ("The engine and the executors know the contracts, not what keeps them", "forbidden_modules"),
    ],
)
def test_the_contracts_name_every_adapter(kind: str, contract: str, names: str) -> None:
    """An adapter is what `open.py` opens; what all of a kind share is none."""
    opened = {".".join(name.split(".")[:3]) for name in imports(parsed(SOURCE / kind / "open.py"))}
    adapters = {name for name in opened if name.startswith(f"taskmill.{kind}.")} - {
        f"taskmill.{kind}.{name}" for name in SHARED
    }
    assert len(adapters) >= 3
    [named_there] = [each[names] for each in CONTRACTS if each["name"] == contract]
    assert adapters - set(named_there) == set()


def from_outside(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(parsed(path))} - set(sys.stdlib_module_names) - {"taskmill"}


def test_packages_from_outside_stay_at_home() -> None:
    abroad = [
        f"{named(path)}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in from_outside(path)
        if not path.relative_to(SOURCE).as_posix().startswith(HOMES.get(name, ("nowhere",)))
    ]
    assert abroad == []


def test_the_core_and_the_contracts_import_nothing_from_outside() -> None:
    paths = [*SOURCE.glob("core/*.py"), *SOURCE.glob("*/contract.py")]
    assert len(paths) > 10
    assert [f"{named(path)}: {name}" for path in paths for name in from_outside(path)] == []
