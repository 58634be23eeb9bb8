"""What `file_processing` refuses: each hostile input with its clear words, and nothing left behind."""

import bz2
import gzip
import io
import lzma
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from taskmill import InvalidParameters
from taskmill.catalogue import settings
from taskmill.catalogue.files import file_processing
from taskmill.catalogue.files import operations as op
from taskmill.catalogue.files.safe_files import reading
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import CatalogueSettings
from tests.catalogue.context import RecordingContext

ZEROS = bytes(2**20)


def refusal(filename: str, operation: op.Operations | None = None) -> str:
    with pytest.raises(Refusal) as refused:
        file_processing(RecordingContext(), filename, operation or op.Inspect())
    return str(refused.value)


@pytest.fixture
def outside(roots: Path) -> Path:
    path = roots.parent / "secret.txt"
    path.write_text("secret")
    return path


@pytest.mark.parametrize(
    ("filename", "words"),
    [
        ("../secret.txt", "'../secret.txt' has a '..' in it"),
        ("a/../../secret.txt", "has a '..' in it"),
        ("/etc/passwd", "'/etc/passwd' is not below "),
        (".", "'.' names no file"),
        ("nothing.txt", "there is no file 'nothing.txt' below "),
        ("x" * 300, "is longer than a name of a file can be"),
        ("a.txt/b.txt", "'a.txt' is no folder"),
        ("folder", "'folder' is a folder; name a plain file"),
        ("pipe", "'pipe' is a pipe"),
        ("link", "'link' is a link, and links are not followed"),
        ("out/secret.txt", "'out' is a link, and links are not followed"),
        ("loop/x", "'loop' is a link"),
        ("b.txt", "did you mean a.txt?"),
        ("handed-in.csv", "did you mean uploads/handed-in.csv?"),
    ],
)
def test_names(roots: Path, outside: Path, filename: str, words: str) -> None:
    (roots / "a.txt").write_text("a")
    (roots / "folder").mkdir()
    os.mkfifo(roots / "pipe")
    (roots / "link").symlink_to(outside)
    (roots / "out").symlink_to(outside.parent)
    (roots / "loop").symlink_to("loop")
    (roots / "uploads").mkdir()
    (roots / "uploads" / "handed-in.csv").touch()
    assert words in refusal(filename)


def test_a_device(roots: Path) -> None:
    settings.use(CatalogueSettings(roots=(Path("/dev"),)))
    assert refusal("null") == "'null' is a device; name a plain file"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("../out.gz", "has a '..' in it"),
        ("/tmp/out.gz", "is not below "),
        ("new/out.gz", "there is no folder 'new' below "),
        ("away/out.gz", "'away' is a link"),
        ("link", "'link' is a link"),
        ("a.txt", "would take the place of the file it is made from"),
        ("./a.txt", "would take the place of the file it is made from"),
        ("folder", "'folder' is a folder"),
    ],
)
def test_names_of_what_is_made(roots: Path, outside: Path, output: str, words: str) -> None:
    (roots / "a.txt").write_text("a")
    (roots / "folder").mkdir()
    (roots / "away").symlink_to(outside.parent)
    (roots / "link").symlink_to(outside)
    before = sorted(os.listdir(roots)), sorted(os.listdir(outside.parent))
    assert words in refusal("a.txt", op.Compress("gzip", output))
    assert before == (sorted(os.listdir(roots)), sorted(os.listdir(outside.parent)))
    assert outside.read_text() == "secret"


def test_a_folder_that_becomes_a_link_while_it_is_opened(
    roots: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race that a check of the path before the opening would lose."""
    (roots / "folder").mkdir()
    (roots / "folder" / "secret.txt").write_text("harmless")
    open_, moved = os.open, roots / "moved"

    def swap(path: str, flags: int, *args: int, **kwargs: int) -> int:
        if path == "secret.txt" and not moved.exists():
            (roots / "folder").rename(moved)
            (roots / "folder").symlink_to(outside.parent)
        return open_(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", swap)
    with reading("folder/secret.txt") as opened:
        assert opened.file.read() == b"harmless"
    assert "'folder' is a link" in refusal("folder/secret.txt")


def zip_of(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def encrypted() -> bytes:
    content = bytearray(zip_of(("a.txt", b"a")))
    at = content.rfind(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def zip_with_link() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc")
        archive.writestr("link/passwd", "evil")
    return file.getvalue()


def endless_directory() -> bytes:
    """A list of a million files in one of its own length, which is read as a whole."""
    entry = zip_of(("a.txt", b""))
    start, end = entry.find(b"PK\x01\x02"), entry.rfind(b"PK\x05\x06")
    directory = entry[start:end] * 100_000
    content = bytearray(entry[:start] + directory + entry[end:])
    content[-10:-6] = len(directory).to_bytes(4, "little")
    return bytes(content)


def endless_directory_in_zip64() -> bytes:
    """The same, with its length in the record of zip64 alone, where the other one says little."""
    content = endless_directory()
    end = content.rfind(b"PK\x05\x06")
    start = content.find(b"PK\x01\x02")
    count, length = 100_000, end - start
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    return content[:end] + record + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 60, start, 0)


def lying_directory() -> bytes:
    content = bytearray(zip_of(("a.txt", b"a")))
    content[-10:-6] = (2**31).to_bytes(4, "little")
    return bytes(content)


def lzma_in_zip(memory: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", b"hello")
    content = bytearray(file.getvalue())
    content[30 + 1 + 5 : 30 + 1 + 9] = memory.to_bytes(4, "little")
    return bytes(content)


PACKED: dict[str, tuple[Callable[[], bytes], op.Decompress, str]] = {
    "a gzip bomb": (lambda: gzip.compress(ZEROS * 64), op.Decompress(), "more than 250 times its size"),
    "a bz2 bomb": (lambda: bz2.compress(ZEROS * 64), op.Decompress(), "more than 250 times its size"),
    "an xz bomb": (lambda: lzma.compress(ZEROS * 64, preset=0), op.Decompress(), "more than 250 times its size"),
    "a zip bomb": (lambda: zip_of(("a", ZEROS * 64)), op.Decompress(), "more than 250 times its size"),
    "more than the limit": (
        lambda: gzip.compress(os.urandom(3_000)),
        op.Decompress(limit=2_000),
        "more than 2,000 bytes; allow more with `limit`",
    ),
    "xz that wants much memory": (
        lambda: lzma.compress(b"a", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 2**30}]),
        op.Decompress(),
        "can't be read as xz: Memory usage limit exceeded",
    ),
    "cut gzip": (lambda: gzip.compress(os.urandom(99))[:60], op.Decompress(), "can't be read as gzip"),
    "cut bz2": (lambda: bz2.compress(os.urandom(99))[:60], op.Decompress(), "can't be read as bz2"),
    "cut xz": (lambda: lzma.compress(os.urandom(99))[:60], op.Decompress(), "can't be read as xz"),
    "cut zip": (lambda: zip_of(("a", b"a"))[:60], op.Decompress(), "can't be read as zip: File is not a zip file"),
    "broken gzip": (lambda: b"\x1f\x8b\x08" + bytes(60), op.Decompress(), "can't be read as gzip"),
    "broken bz2": (lambda: b"BZh9" + bytes(60), op.Decompress(), "can't be read as bz2: Invalid data stream"),
    "an encrypted zip": (encrypted, op.Decompress(), "'a.txt' in 'it' is encrypted"),
    "a zip with an endless list of files": (endless_directory, op.Decompress(), "lists too many files"),
    "the same, told by its zip64 record alone": (
        endless_directory_in_zip64,
        op.Decompress(),
        "lists too many files: its directory has more than 4,194,304 bytes",
    ),
    "a list of files that is not there": (lying_directory, op.Decompress(), "can't be read as zip"),
    "a zip that wants much memory": (
        lambda: lzma_in_zip(2**32 - 1),
        op.Decompress(),
        "'a' in 'it' needs more than 134,217,728 bytes of memory",
    ),
    "a zip from Windows that leads up": (
        lambda: zip_of(("a", b"1"), ("x\\..\\..\\evil", b"2")),
        op.Decompress(),
        "which leads out of its folder",
    ),
    "a zip from Windows that leads to a drive": (
        lambda: zip_of(("a", b"1"), ("C:\\Windows\\evil", b"2")),
        op.Decompress(),
        "which leads out of its folder",
    ),
    "a zip from Windows that leads to the root": (
        lambda: zip_of(("a", b"1"), ("\\evil", b"2")),
        op.Decompress(),
        "which leads out of its folder",
    ),
    "a zip that leads to a share": (
        lambda: zip_of(("a", b"1"), ("\\\\host\\share\\evil", b"2")),
        op.Decompress(),
        "which leads out of its folder",
    ),
    "a bomb of several files": (
        lambda: zip_of(*((f"{n}", ZEROS * 12) for n in range(4))),
        op.Decompress(),
        "more than 250 times its size",
    ),
    "a zip that leads up": (
        lambda: zip_of(("a", b"1"), ("x/../../../evil", b"2")),
        op.Decompress(),
        "'it' holds a file named 'x/../../../evil', which leads out of its folder",
    ),
    "a zip that leads to the root": (
        lambda: zip_of(("a", b"1"), ("/etc/evil", b"2")),
        op.Decompress(),
        "'/etc/evil', which leads out of its folder",
    ),
    "a zip with a link": (zip_with_link, op.Decompress(), "'link' in 'it' is a link, and links are not made"),
    "a file and a folder of one name": (
        lambda: zip_of(("a", b"1"), ("a/b", b"2")),
        op.Decompress(),
        "'a/b' can't be made: there is a file where its folder should be",
    ),
    "two files of one name": (
        lambda: zip_of(("a/b", b"1"), ("a//b", b"2")),
        op.Decompress(),
        "'a/b' can't be made: there are two of that name",
    ),
    "a very long name": (
        lambda: zip_of(("a", b"1"), ("x" * 300, b"2")),
        op.Decompress(),
        "can't be made: the name is too long",
    ),
    "a folder that is there": (
        lambda: zip_of(("a", b"1"), ("b", b"2")),
        op.Decompress(output="it/"),
        "would take the place of the file it is made from",
    ),
    "no such file in a zip": (lambda: zip_of(("a", b"1")), op.Decompress(member="z"), "holds no file 'z'; there are a"),
    "an empty zip": (zip_of, op.Decompress(), "'it' holds no files"),
    "a member of a gzip": (lambda: gzip.compress(b"a"), op.Decompress(member="a"), "has no members"),
    "something else": (lambda: b"hello", op.Decompress(), "'it' is no gzip, bz2, xz or zip file"),
}


@pytest.mark.parametrize(("content", "operation", "words"), PACKED.values(), ids=PACKED)
def test_decompression(roots: Path, content: Callable[[], bytes], operation: op.Decompress, words: str) -> None:
    (roots / "it").write_bytes(content())
    assert words in refusal("it", operation)
    assert os.listdir(roots) == ["it"]


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_fills_the_disk(roots: Path) -> None:
    (roots / "bomb.gz").write_bytes(gzip.compress(ZEROS * 150))
    ctx = RecordingContext()
    with pytest.raises(Refusal):
        file_processing(ctx, "bomb.gz", op.Decompress())
    assert 30 <= len(ctx.notes) <= 150 / 1000 * 250 + 1


@pytest.mark.parametrize(
    "operation", [op.Split(1), op.Split(1, "lines"), op.Split(1000, "lines")], ids=["bytes", "lines", "long lines"]
)
def test_too_many_parts(roots: Path, operation: op.Split) -> None:
    (roots / "it").write_bytes(b"\n" * 300 if operation.every == 1 else b"\n" * 300_000)
    assert "'it' would be cut into more than 200 parts" in refusal("it", operation)
    assert os.listdir(roots) == ["it"]


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ('{"filename": ""}', "$.filename"),
        (f'{{"filename": "{"x" * 1001}"}}', "$.filename"),
        ('{"filename": "a", "operation": {"kind": "delete"}}', "$.operation.kind"),
        ('{"filename": "a", "operation": {"kind": "split", "every": 0}}', "$.operation.every"),
        ('{"filename": "a", "operation": {"kind": "split"}}', "$.operation"),
        ('{"filename": "a", "operation": {"kind": "merge", "others": [], "output": "b"}}', "$.operation.others"),
        ('{"filename": "a", "operation": {"kind": "compress", "format": "rar"}}', "$.operation.format"),
        ('{"filename": "a", "operation": {"kind": "compress", "level": 9}}', "$.operation"),
        ('{"filename": "a", "operation": {"kind": "resize", "width": 99999999}}', "$.operation.width"),
        ('{"filename": "a", "operation": {"kind": "decompress", "limit": 1e18}}', "$.operation.limit"),
    ],
)
def test_parameters(parameters: str, path: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        file_processing.decode(parameters)
    assert [problem.path for problem in refused.value.problems] == [path]
