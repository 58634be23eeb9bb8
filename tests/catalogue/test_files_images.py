"""Images: resized and converted for real, and refused before they are decoded."""

import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from taskmill.catalogue.files import file_processing
from taskmill.catalogue.files import operations as op
from taskmill.catalogue.files.results import Drew
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import StopRequested
from tests.catalogue.context import RecordingContext


def draw(filename: str, operation: op.Operations, ctx: RecordingContext | None = None) -> Drew:
    drawn = file_processing(ctx or RecordingContext(), filename, operation)
    assert isinstance(drawn, Drew)
    return drawn


def header_only(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def photo(roots: Path) -> Path:
    path = roots / "photo.png"
    image = Image.new("RGB", (400, 300), "red")
    image.paste("blue", (200, 0, 400, 300))
    image.save(path)
    return path


def test_resize_keeps_the_proportions(roots: Path, photo: Path) -> None:
    drawn = draw("photo.png", op.Resize(100, 100))
    size = (roots / "photo.resized.png").stat().st_size
    assert drawn == Drew("photo.png", "photo.resized.png", "png", 100, 75, size)
    with Image.open(roots / drawn.output) as image:
        assert image.size == (100, 75)
        assert image.getpixel((10, 10)) == (255, 0, 0)
        assert image.getpixel((90, 70)) == (0, 0, 255)


def test_enlarge(photo: Path) -> None:
    drawn = draw("photo.png", op.Resize(800))
    assert (drawn.width, drawn.height) == (800, 600)


@pytest.mark.parametrize(("form", "ending"), [("jpeg", "jpg"), ("webp", "webp"), ("png", "png")])
def test_convert(roots: Path, form: op.ImageFormat, ending: str) -> None:
    Image.new("RGBA", (40, 30), (255, 0, 0, 128)).save(roots / "seen.tiff")
    drawn = draw("seen.tiff", op.Convert(form))
    assert (drawn.output, drawn.format) == (f"seen.{ending}", form)
    with Image.open(roots / drawn.output) as image:
        assert (image.format or "").lower() == form
        assert image.size == (40, 30)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_every_kind_of_pixel(roots: Path, mode: str, form: op.ImageFormat) -> None:
    Image.new(mode, (4, 4)).save(roots / "it.tiff")
    assert draw("it.tiff", op.Convert(form)).width == 4
    assert draw("it.tiff", op.Resize(8)).width == 8


def test_a_photo_is_turned_as_its_camera_was_held(roots: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "red").save(roots / "held.jpg", exif=exif)
    drawn = draw("held.jpg", op.Convert("png"))
    assert (drawn.width, drawn.height) == (20, 40)


REFUSED: dict[str, tuple[bytes, op.Operations, str]] = {
    "50 000 x 50 000": (header_only(50_000, 50_000), op.Convert("jpeg"), "too many pixels; at most 64,000,000"),
    "10 000 x 10 000": (header_only(10_000, 10_000), op.Convert("jpeg"), "'it.png' has 10,000 by 10,000 pixels"),
    "no pixels in it": (header_only(100, 100), op.Convert("jpeg"), "'it.png' can't be decoded"),
    "text": (b"hello", op.Convert("jpeg"), "'it.png' is no image that can be read; PNG, JPEG"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", op.Convert("png", output="a"), "is no image"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", op.Convert("jpeg"), "is no image"),
}


@pytest.mark.parametrize(("content", "operation", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(roots: Path, content: bytes, operation: op.Operations, words: str) -> None:
    (roots / "it.png").write_bytes(content)
    with pytest.raises(Refusal) as refused:
        file_processing(RecordingContext(), "it.png", operation)
    assert words in str(refused.value)
    assert os.listdir(roots) == ["it.png"]


def test_a_result_that_would_be_too_large(photo: Path) -> None:
    with pytest.raises(Refusal, match=r"20,000 by 15,000 pixels; at most 64,000,000"):
        file_processing(RecordingContext(), "photo.png", op.Resize(20_000))


def test_cancelled_midway(roots: Path, photo: Path) -> None:
    with pytest.raises(StopRequested):
        draw("photo.png", op.Resize(100), RecordingContext(cancel_at=0.1))
    assert os.listdir(roots) == ["photo.png"]
