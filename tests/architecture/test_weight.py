"""What a process does not need, it does not import: megabytes for each, and a tenth of a second for a person."""

import os
import subprocess
import sys

import pytest

LIGHT = {
    "apps that only import names": ("taskmill", {"apsw", "asyncio", "hashlib", "msgspec", "ssl", "taskmill.sdk"}),
    "taskmill --help": (
        "taskmill.cli.main",
        {
            "apsw",
            "asyncio",
            "importlib.metadata",
            "msgspec",
            "rich",
            "ssl",
            "taskmill.config.settings",
            "taskmill.server",
            "taskmill.service.service",
        },
    ),
    "taskmill list": (
        "taskmill.cli.tasks, taskmill.stores.sqlite.store",
        {"importlib.metadata", "rich", "taskmill.catalogue", "taskmill.server", "taskmill.service.live_session"},
    ),
    "a supervisor": (
        "taskmill.cli.up, taskmill.supervisor.run, taskmill.stores.sqlite.store",
        {
            "asyncio",
            "email",
            "hashlib",
            "msgspec",
            "rich",
            "ssl",
            "taskmill.plugins",
            "taskmill.server",
            "taskmill.service.service",
            "zipfile",
        },
    ),
    "a worker": (
        "taskmill.supervisor.worker, taskmill.stores.sqlite.store",
        {"click", "difflib", "email", "multiprocessing", "rich", "taskmill.server", "taskmill.stores.memory"},
    ),
}


@pytest.mark.parametrize(("modules", "without"), LIGHT.values(), ids=LIGHT)
def test_a_process_does_without(modules: str, without: set[str]) -> None:
    listing = f"import sys, {modules}; print(*sys.modules)"
    measured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    run = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True, env=measured)
    assert without.isdisjoint(run.stdout.split())
