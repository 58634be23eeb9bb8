"""What is kept of tasks on disk is for its owner alone, whatever the umask."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from taskmill.catalogue import email_sending, settings
from taskmill.catalogue.files.uploads import upload
from taskmill.catalogue.settings import CatalogueSettings
from taskmill.core.private_files import exposed, make_private_folder
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
from tests.catalogue.attempt import Watcher


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)
    settings.use(None)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_store_and_its_log(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/tasks.db")
    run(store.open())
    files = {path.name: mode(path) for path in tmp_path.iterdir()}
    run(store.close())
    assert files == dict.fromkeys(("tasks.db", "tasks.db-wal", "tasks.db-shm"), 0o600)


def test_uploads_and_the_outbox(tmp_path: Path) -> None:
    folders: dict[str, Any] = {"outbox": tmp_path / "mail" / "outbox", "state": tmp_path / "state"}
    settings.use(CatalogueSettings(roots=(tmp_path / "files",), **folders))
    (tmp_path / "sales.csv").write_text("a\n1\n", encoding="utf-8")
    uploaded = tmp_path / "files" / upload(tmp_path / "sales.csv")
    email_sending(Watcher("email_sending"), "ada@example.com", subject="hello", text="a secret")
    [mail] = (tmp_path / "mail" / "outbox").iterdir()
    assert [mode(path) for path in (uploaded, mail)] == [0o600, 0o600]
    assert [mode(path.parent) for path in (uploaded, mail)] == [0o700, 0o700]


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(0o755)
    make_private_folder(tmp_path / "there" / "new" / "newer")
    assert [mode(tmp_path / path) for path in ("there", "there/new", "there/new/newer")] == [0o755, 0o700, 0o700]
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_private_folder(tmp_path / "file")


def test_the_doctor_warns_of_older_ones(tmp_path: Path) -> None:
    apsw.Connection(str(tmp_path / "taskmill.db")).close()
    (tmp_path / "taskmill.db").touch(0o644)
    (tmp_path / "outbox").mkdir()
    assert exposed(tmp_path / "taskmill.db")
    command = [sys.executable, "-m", "taskmill", "doctor"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert (
        "private files\twarning\tothers on this machine may open outbox taskmill.db\tchmod go= outbox taskmill.db"
        in said
    )
