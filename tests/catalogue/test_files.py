"""`file_processing` on real files."""

import base64
import bz2
import gzip
import hashlib
import lzma
import os
import subprocess
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from taskmill.catalogue.files import file_processing
from taskmill.catalogue.files import operations as op
from taskmill.catalogue.files.results import Checked, Counted, Inspected, MadeFile, Wrote
from taskmill.catalogue.refusal import Refusal
from taskmill.core.retry import RetryPolicy
from taskmill.executors.contract import StopRequested
from tests.catalogue.context import RecordingContext
from tests.catalogue.test_files_refused import endless_directory_in_zip64

TEXT = "the quick brown fox\njumps over\n\nthe lazy dög"
LARGE = 5 * 2**20 + 3


@pytest.fixture
def notes(roots: Path) -> Path:
    path = roots / "notes.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def large(roots: Path) -> Path:
    path = roots / "large.bin"
    path.write_bytes(os.urandom(LARGE))
    return path


def process(filename: str, operation: op.Operations, ctx: RecordingContext | None = None) -> Wrote:
    made = file_processing(ctx or RecordingContext(), filename, operation)
    assert isinstance(made, Wrote)
    return made


def test_the_short_form_inspects(notes: Path) -> None:
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    expected = Inspected("notes.txt", 45, "sha256", digest, "utf-8", 4, 9)
    assert file_processing(RecordingContext(), "notes.txt") == expected


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha3_256", "blake2b", "sha1", "md5"])
def test_checksums(large: Path, algorithm: str) -> None:
    ctx = RecordingContext()
    expected = Checked("large.bin", LARGE, algorithm, hashlib.new(algorithm, large.read_bytes()).hexdigest())
    assert file_processing(ctx, "large.bin", op.Checksum(algorithm)) == expected  # type: ignore[arg-type]
    assert ctx.fractions == sorted(ctx.fractions)
    assert ctx.fractions[-1] == 1.0
    assert ctx.notes[0] == "1.05 MB of 5.24 MB"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("ascii", 0, 0)),
        (b"one two\n", ("ascii", 1, 2)),
        (b"\xef\xbb\xbfone two", ("utf-8-sig", 1, 2)),
        ("größer\n".encode(), ("utf-8", 1, 1)),
        ("größer als\nklein".encode("utf-16"), ("utf-16", 2, 3)),
        ("größer als\n".encode("utf-32"), ("utf-32", 1, 2)),
        ("größer\n".encode("latin-1"), ("unknown-8bit", 1, 1)),
        (b"cut in a character \xc3", ("unknown-8bit", 1, 5)),
        (b"\x7fELF\0\0", ("binary", None, None)),
        (b"word " * 300_000, ("ascii", 1, 300_000)),
        (b"w" * 3_000_000, ("ascii", 1, 1)),
    ],
)
def test_counts(roots: Path, content: bytes, expected: tuple[str, int | None, int | None]) -> None:
    (roots / "it").write_bytes(content)
    assert file_processing(RecordingContext(), "it", op.Count()) == Counted("it", len(content), *expected)


def test_counts_are_those_of_wc(roots: Path) -> None:
    path = roots / "generated.txt"
    path.write_text("".join(f"line {n}\t of {'x' * (n % 90)} \n" for n in range(80_000)))
    lines, words, size = subprocess.run(["wc", path], capture_output=True, text=True, check=True).stdout.split()[:3]
    counted = file_processing(RecordingContext(), "generated.txt", op.Count())
    assert counted == Counted("generated.txt", int(size), "ascii", int(lines), int(words))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "ending", "read"),
    [("gzip", "gz", gzip.decompress), ("bz2", "bz2", bz2.decompress), ("xz", "xz", lzma.decompress)],
)
def test_compress_and_back(roots: Path, large: Path, form: op.Packing, ending: str, read: object) -> None:
    content = large.read_bytes()
    packed = process("large.bin", op.Compress(form))
    assert packed.made == [MadeFile(f"large.bin.{ending}", (roots / f"large.bin.{ending}").stat().st_size)]
    assert read((roots / f"large.bin.{ending}").read_bytes()) == content  # type: ignore[operator]
    large.unlink()
    assert process(f"large.bin.{ending}", op.Decompress()).made == [MadeFile("large.bin", LARGE)]
    assert large.read_bytes() == content


def test_zip_and_back(roots: Path, large: Path) -> None:
    assert process("large.bin", op.Compress("zip", "packed.zip")).made[0].filename == "packed.zip"
    with zipfile.ZipFile(roots / "packed.zip") as archive:
        assert archive.read("large.bin") == large.read_bytes()
    ctx = RecordingContext()
    assert process("packed.zip", op.Decompress(output="back"), ctx).made == [MadeFile("back", LARGE)]
    assert (roots / "back").read_bytes() == large.read_bytes()
    assert 0 < ctx.fractions[0] <= ctx.fractions[-1] <= 1


def test_a_member_of_a_zip_is_chosen_and_its_path_is_no_path(roots: Path) -> None:
    with zipfile.ZipFile(roots / "two.zip", "w") as archive:
        archive.writestr("a.txt", "first")
        archive.writestr("../../etc/evil", "second")
    assert process("two.zip", op.Decompress(member="../../etc/evil")).made == [MadeFile("two", 6)]
    assert (roots / "two").read_text() == "second"


def test_several_files_of_a_zip_make_a_folder(roots: Path) -> None:
    contents = {"a.txt": b"first", "deep/er/b.bin": os.urandom(3_000_000), "deep/c": b""}
    with zipfile.ZipFile(roots / "all.zip", "w") as archive:
        archive.mkdir("deep/")
        for name, content in contents.items():
            archive.writestr(name, content)
    ctx = RecordingContext()
    made = process("all.zip", op.Decompress(), ctx).made
    assert made == [MadeFile(f"all/{name}", len(content)) for name, content in contents.items()]
    assert {name: (roots / "all" / name).read_bytes() for name in contents} == contents
    assert ctx.fractions == [1 / 3, 2 / 3, 1.0]
    assert sorted(os.listdir(roots)) == ["all", "all.zip"]
    with pytest.raises(Refusal, match="there is a 'all' already; name another folder"):
        process("all.zip", op.Decompress())
    left = roots / f".{ctx.task.id}.part"
    left.mkdir()
    (left / "of a killed attempt").touch()
    with pytest.raises(StopRequested):
        process("all.zip", op.Decompress(output="again"), RecordingContext(cancel_at=0.5))
    assert sorted(os.listdir(roots)) == ["all", "all.zip"]


def test_compressed_streams_one_after_the_other(roots: Path) -> None:
    (roots / "log.xz").write_bytes(lzma.compress(b"one ") + bytes(8) + lzma.compress(b"two"))
    (roots / "log.gz").write_bytes(gzip.compress(b"one ") + gzip.compress(b"two"))
    assert process("log.xz", op.Decompress(output="x")).made == [MadeFile("x", 7)]
    assert process("log.gz", op.Decompress(output="g")).made == [MadeFile("g", 7)]
    assert (roots / "x").read_bytes() == (roots / "g").read_bytes() == b"one two"


def test_compressing_twice_gives_the_same_bytes(roots: Path, notes: Path) -> None:
    for form in ("gzip", "bz2", "xz", "zip"):
        process("notes.txt", op.Compress(form, "first"))
        process("notes.txt", op.Compress(form, "second"))
        assert (roots / "first").read_bytes() == (roots / "second").read_bytes()


def test_split_and_merge(roots: Path, large: Path) -> None:
    made = process("large.bin", op.Split(2_000_000)).made
    assert made == [
        MadeFile("large.bin.001", 2_000_000),
        MadeFile("large.bin.002", 2_000_000),
        MadeFile("large.bin.003", LARGE - 4_000_000),
    ]
    merged = process(made[0].filename, op.Merge([part.filename for part in made[1:]], "whole.bin"))
    assert merged.made == [MadeFile("whole.bin", LARGE)]
    assert (roots / "whole.bin").read_bytes() == large.read_bytes()


def test_split_by_lines(roots: Path) -> None:
    lines = [f"{n} {'x' * (n % 300)}\n" for n in range(30_000)]
    (roots / "lines").write_text("".join(lines))
    made = process("lines", op.Split(7_000, "lines")).made
    parts = [(roots / part.filename).read_text() for part in made]
    assert parts == ["".join(lines[at : at + 7_000]) for at in range(0, 30_000, 7_000)]
    assert [part.bytes for part in made] == [len(part) for part in parts]


def test_an_empty_file(roots: Path) -> None:
    (roots / "empty").touch()
    assert process("empty", op.Split(10)).made == []
    assert process("empty", op.Compress("gzip")).made[0].filename == "empty.gz"
    assert process("empty.gz", op.Decompress(output="back")).made == [MadeFile("back", 0)]


@pytest.mark.parametrize(
    "operation",
    [op.Compress("gzip", "made"), op.Compress("zip", "made"), op.Split(1_500_000), op.Merge(["large.bin"], "made")],
    ids=lambda operation: type(operation).__name__,
)
def test_what_was_cancelled_midway_leaves_nothing_behind(roots: Path, large: Path, operation: op.Operations) -> None:
    with pytest.raises(StopRequested):
        file_processing(RecordingContext(cancel_at=0.5), "large.bin", operation)
    assert os.listdir(roots) == ["large.bin"]


def test_reading_stops_when_cancelled(large: Path) -> None:
    ctx = RecordingContext(cancel_at=0.3)
    with pytest.raises(StopRequested):
        file_processing(ctx, "large.bin")
    assert ctx.fractions[-1] < 0.5


def test_a_file_of_that_name_is_replaced_at_once_or_not_at_all(roots: Path, notes: Path) -> None:
    (roots / "notes.txt.gz").write_text("before")
    old = (roots / "notes.txt.gz").open("rb")
    process("notes.txt", op.Compress("gzip"))
    assert gzip.decompress((roots / "notes.txt.gz").read_bytes()) == TEXT.encode()
    with old:
        assert old.read() == b"before"


@pytest.mark.slow
def test_without_unnamed_files_a_hidden_name_does(roots: Path, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    process("large.bin", op.Compress("gzip"))
    with pytest.raises(StopRequested):
        file_processing(RecordingContext(cancel_at=0.5), "large.bin", op.Compress("xz"))
    assert sorted(os.listdir(roots)) == ["large.bin", "large.bin.gz"]


def test_refusals_are_final() -> None:
    policy = file_processing.retry
    assert policy is not None
    assert RetryPolicy.from_json(policy.to_json()).gives_up_on(("Refusal",))
    assert issubclass(Refusal, ValueError)


STREAMED = (
    "UEsDBC0ACAgIAAAAIVgAAAAA//////////8FAB0AYS50eHQBABAAAAAAAAAAAAAAAAAAAAAAAFVUBQABgACSZctIzcnJV8ggiwQA"
    "UEsHCORN0FkLAAAAAAAAADwAAAAAAAAAUEsDBC0ACAgIAAAAIVgAAAAA//////////8HAB0AZC9iLnR4dAEAEAAAAAAAAAAAAAAA"
    "AAAAAAAAVVQFAAGAAJJly0jNyclXyCCLBABQSwcI5E3QWQsAAAAAAAAAPAAAAAAAAABQSwECLQMtAAgICAAAACFY5E3QWf//////"
    "////BQAlAAAAAAAAAAAAgAH/////YS50eHQBABgAPAAAAAAAAAALAAAAAAAAAAAAAAAAAAAAVVQFAAGAAJJlUEsBAi0DLQAICAgA"
    "AAAhWORN0Fn//////////wcAJQAAAAAAAAAAAIAB/////2QvYi50eHQBABgAPAAAAAAAAAALAAAAAAAAAGMAAAAAAAAAVVQFAAGA"
    "AJJlUEsGBiwAAAAAAAAALQAtAAAAAAAAAAAAAgAAAAAAAAACAAAAAAAAALIAAAAAAAAAyAAAAAAAAABQSwYHAAAAAHoBAAAAAAAA"
    "AQAAAFBLBQb/////////////////////AAA="
)
"""What stream-zip makes of ZIP_64: its last record has no numbers, only that of zip64 has."""


def test_a_zip_whose_numbers_are_those_of_zip64(roots: Path) -> None:
    (roots / "it.zip").write_bytes(base64.b64decode(STREAMED))
    process("it.zip", op.Decompress())
    assert (roots / "it" / "a.txt").read_bytes() == b"hello " * 10
    assert (roots / "it" / "d" / "b.txt").read_bytes() == b"hello " * 10


def test_a_zip_from_windows(roots: Path) -> None:
    with zipfile.ZipFile(roots / "it.zip", "w") as archive:
        archive.writestr("folder\\", b"")
        archive.writestr("folder\\one.txt", b"1")
        archive.writestr("folder\\inner\\two.txt", b"2")
    made = process("it.zip", op.Decompress())
    assert made.made == [MadeFile("it/folder/one.txt", 1), MadeFile("it/folder/inner/two.txt", 1)]
    assert (roots / "it" / "folder" / "inner" / "two.txt").read_bytes() == b"2"
    for name in ("folder\\one.txt", "folder/one.txt"):
        process("it.zip", op.Decompress(member=name, output="one"))
        assert (roots / "one").read_bytes() == b"1"


def test_a_zip_packed_by_lzma(roots: Path) -> None:
    with zipfile.ZipFile(roots / "it.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", b"hello")
    process("it.zip", op.Decompress(output="a"))
    assert (roots / "a").read_bytes() == b"hello"


def test_an_endless_list_of_files_takes_no_memory(roots: Path) -> None:
    (roots / "it").write_bytes(endless_directory_in_zip64())
    tracemalloc.start()
    with pytest.raises(Refusal, match="lists too many files"):
        process("it", op.Decompress())
    assert tracemalloc.get_traced_memory()[1] < 6 * 2**20
    tracemalloc.stop()
