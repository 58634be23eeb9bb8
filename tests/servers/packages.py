"""The programs of the servers: found, or installed from Debian's packages when root asks."""

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = {
    "postgres": "postgresql",
    "initdb": "postgresql",
    "redis-server": "redis-server",
    "rabbitmq-server": "rabbitmq-server",
    "epmd": "rabbitmq-server",
    "erl_call": "rabbitmq-server",
}
GIVEN = {"postgresql": "TEST_POSTGRES_URL", "redis-server": "TEST_REDIS_URL", "rabbitmq-server": "TEST_AMQP_URL"}
FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/lib/rabbitmq/bin", "/usr/lib/erlang/erts-*/bin", "/usr/lib/erlang/bin")
"""Looked through before PATH, where Debian has wrappers that change user and directories."""

POLICY = Path("/usr/sbin/policy-rc.d")


@functools.cache
def binary(name: str) -> str:
    """The path of a program; its package is installed if need be and if this is root."""
    return _find(name) or _install(name)


def _find(name: str) -> str | None:
    found = [
        path / name for folder in FOLDERS for path in sorted(Path("/").glob(folder[1:]), key=_version, reverse=True)
    ]
    return next((str(path) for path in found if path.exists()), None) or shutil.which(name)


def _version(folder: Path) -> list[int]:
    """PostgreSQL 15 after 9.6."""
    return [int(part) for part in folder.parent.name.split(".") if part.isdigit()]


def missing() -> list[str]:
    """The packages that are not installed."""
    return sorted({package for name, package in PACKAGES.items() if _find(name) is None})


def _install(name: str) -> str:
    packages = missing()
    apt = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        urls = " ".join(f"{GIVEN[package]}=…" for package in packages)
        raise RuntimeError(
            f"These tests need {', '.join(packages)}: {name} was not found. On Debian and Ubuntu: sudo {' '.join(apt)}"
            f" (no service has to run), or give servers that run already: {urls}"
        )
    print(f"· installing {', '.join(packages)}", flush=True)
    with _no_services():
        if _apt(*apt).returncode:
            _apt("apt-get", "update")
            installed = _apt(*apt)
            if installed.returncode:
                raise RuntimeError(f"{' '.join(apt)} failed:\n{installed.stdout[-2000:]}")
    found = _find(name)
    if found is None:
        raise RuntimeError(f"{name} is not there after installing {PACKAGES[name]}")
    return found


def _apt(*command: str) -> "subprocess.CompletedProcess[str]":
    options = ["-o", "DPkg::Lock::Timeout=300"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    merged, text = subprocess.STDOUT, subprocess.PIPE
    return subprocess.run([*command, *options], env=environment, stdout=text, stderr=merged, text=True, check=False)


@contextmanager
def _no_services() -> Iterator[None]:
    """Debian starts what it installs, unless this file says no."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
