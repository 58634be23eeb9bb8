"""What killed attempts left, and what was uploaded long ago, goes away; what is needed stays."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from taskmill.catalogue import settings, tidy, upload
from taskmill.catalogue.files import file_processing, safe_files
from taskmill.catalogue.files import operations as op
from taskmill.catalogue.refusal import Refusal
from tests.catalogue.context import RecordingContext

ID = "01a20167-4d70-7b43-b36f-68b0bc9419a5"
KILLED = """
import os, signal
from pathlib import Path
from taskmill.catalogue import settings
from taskmill.catalogue.files import safe_files
from taskmill.catalogue.files.folders import new_folder
from taskmill.catalogue.files.paths import locate

settings.use(settings.CatalogueSettings(roots=(Path({root!r}),), state=Path({state!r})))
safe_files.os = type("Os", (), {{name: getattr(os, name) for name in dir(os) if name != "O_TMPFILE"}})
with new_folder(locate("unpacked"), "a-task") as folder, folder.file(["deep", "a.txt"]) as file:
    with safe_files.writing(locate("made.txt")) as other:
        other.write(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def aged(path: Path, seconds: float) -> None:
    """It was changed last so long ago, with all that is in it."""
    for one in [path, *path.rglob("*")]:
        os.utime(one, (time.time() - seconds,) * 2, follow_symlinks=False)


def test_what_a_killed_attempt_was_making_goes_after_a_day(roots: Path) -> None:
    state = settings.current().state
    code = KILLED.format(root=str(roots), state=str(state))
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    left = sorted(os.listdir(roots))
    assert (len(left), ".a-task.part" in left) == (2, True)
    tidy.tidy()
    assert sorted(os.listdir(roots)) == left
    aged(state, tidy.DAY + 60)
    tidy.tidy()
    assert (os.listdir(roots), os.listdir(state / "parts")) == ([], [])


def test_what_is_made_leaves_no_note(roots: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "1")
        archive.writestr("b", "2")
    (roots / "two.zip").write_bytes(file.getvalue())
    file_processing(RecordingContext(), "two.zip", op.Decompress())
    assert os.listdir(settings.current().state / "parts") == []
    assert sorted(os.listdir(roots)) == ["two", "two.zip"]


def test_a_note_leads_to_nothing_but_what_was_being_made(roots: Path) -> None:
    (roots / "mine").mkdir()
    notes = settings.current().state / "parts"
    notes.mkdir(parents=True)
    (notes / "x").write_bytes(os.fsencode(roots / "mine"))
    aged(notes, tidy.DAY + 60)
    tidy.tidy()
    assert (os.listdir(roots), os.listdir(notes)) == (["mine"], [])


@pytest.mark.parametrize(("hours", "stays"), [(23, True), (25, False)])
def test_checkpoints_and_what_was_put_aside(roots: Path, hours: float, stays: bool) -> None:
    state = settings.current().state
    for name in (f"simulation/{ID}.json", f"spill/{ID}/duckdb.tmp", "mail/a.json", "spill/mine.txt"):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).touch()
    aged(state, hours * 3600)
    tidy.tidy()
    assert ((state / f"simulation/{ID}.json").exists(), (state / f"spill/{ID}").exists()) == (stays, stays)
    assert (state / "mail/a.json").exists()
    assert (state / "spill/mine.txt").exists()


def test_what_is_being_written_is_not_old(roots: Path) -> None:
    spill = settings.current().state / "spill" / ID
    spill.mkdir(parents=True)
    aged(spill, tidy.DAY + 60)
    (spill / "duckdb.tmp").touch()
    os.utime(spill, (0, 0))
    tidy.tidy()
    assert (spill / "duckdb.tmp").exists()


def test_uploads_go_when_their_retention_has_passed(roots: Path, tmp_path: Path) -> None:
    source = tmp_path / "sales.csv"
    source.write_text("a\n1\n")
    kept, old = upload(source), roots / "uploads" / "old.csv"
    (roots / "uploads" / "folder").mkdir()
    for path in (old, roots / "mine.csv"):
        path.touch()
        aged(path, settings.current().retention_uploads + 60)
    aged(roots / "uploads" / "folder", settings.current().retention_uploads + 60)
    tidy.tidy()
    assert sorted(os.listdir(roots / "uploads")) == [".taskmill", Path(kept).name]
    assert (roots / "mine.csv").exists()


def test_in_a_folder_of_that_name_that_was_there_before_nothing_is_removed(roots: Path, tmp_path: Path) -> None:
    (roots / "uploads").mkdir()
    (roots / "uploads" / "precious").touch()
    (tmp_path / "new.csv").touch()
    new = upload(tmp_path / "new.csv")
    aged(roots / "uploads", 10 * settings.current().retention_uploads)
    tidy.tidy()
    assert sorted(os.listdir(roots / "uploads")) == [Path(new).name, "precious"]


def test_a_link_in_place_of_a_folder_is_not_followed(roots: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").touch()
    (other / ".taskmill").touch()
    (roots / "uploads").symlink_to(other)
    aged(other, settings.current().retention_uploads + 60)
    tidy.tidy()
    assert (other / "precious").exists()


def test_a_file_that_is_uploaded_again_has_the_same_name_and_another_one_has_its_own(
    roots: Path, tmp_path: Path
) -> None:
    source = tmp_path / "sales.csv"
    source.write_text("a\n1\n")
    first, again = upload(source), upload(source)
    source.write_text("a\n2\n")
    other = upload(str(source))
    assert first == again != other
    assert first.startswith("uploads/sales-")
    with safe_files.reading(first) as opened:
        assert opened.file.read() == b"a\n1\n"


@pytest.mark.parametrize("name", [".hidden", "a\nb.csv", "x" * 150 + ".csv", "a." + "y" * 150, "ümläut.csv"])
def test_odd_names_of_files_that_are_handed_in(roots: Path, tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    source.write_text("a\n1\n")
    try:
        assert (roots / upload(source)).read_text() == "a\n1\n"
    except Refusal:
        assert name in ("a\nb.csv", "a." + "y" * 150)
