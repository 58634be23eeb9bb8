"""What the doctor finds on this machine: who may read the files of tasks, and how many files a process may open."""

import contextlib
import resource
from pathlib import Path

from taskmill.config.settings import Settings
from taskmill.core.errors import InvalidSettings
from taskmill.core.private_files import exposed
from taskmill.service.doctor import CheckResult, warning
from taskmill.stores.open import sqlite_path, store_scheme

FILES = 600
"""With so many open files, a server holds the 500 event streams that are promised, and little else."""


def examine_machine(settings: Settings) -> list[CheckResult]:
    """Warnings alone."""
    return [*_private(settings), *_open_files()]


def _private(settings: Settings) -> list[CheckResult]:
    paths = [Path(settings.mail_outbox), Path(settings.file_roots[0]) / "uploads"]
    with contextlib.suppress(InvalidSettings):  # which is told already
        if store_scheme(settings.store) == "sqlite":
            store = sqlite_path(settings.store)
            paths += [Path(f"{store}{ending}") for ending in ("", "-wal", "-shm")]
    if open_to_others := " ".join(str(path) for path in paths if exposed(path)):
        return [
            warning("private files", f"others on this machine may open {open_to_others}", f"chmod go= {open_to_others}")
        ]
    return []


def _open_files() -> list[CheckResult]:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard >= FILES:
        return []
    found = f"a process may open {hard} files, so a server started here takes few connections at once"
    return [warning("open files", found, "raise it: ulimit -n, or LimitNOFILE= of a systemd unit")]
