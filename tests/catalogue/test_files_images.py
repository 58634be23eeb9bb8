"""Images: resized and converted for real, and refused before they are decoded."""

import array
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

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
    return png(struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"")


def png(head: bytes, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


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


def gradient(depth: int) -> bytes:
    """A PNG of 256 by 256 pixels, from black on the left to white on the right."""
    file = io.BytesIO()
    grey = Image.linear_gradient("L").rotate(90)
    if depth == 16:
        wide = b"".join(struct.pack("<H", value * 257) for value in grey.tobytes())
        grey = Image.frombytes("I;16", grey.size, wide)
    grey.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("ending", ["png", "tiff", "big-endian tiff", "32-bit tiff"])
@pytest.mark.parametrize("form", ["jpeg", "webp", "png"])
@pytest.mark.parametrize("resized", [False, True])
def test_white_of_16_bits_is_white(roots: Path, ending: str, form: op.ImageFormat, resized: bool) -> None:
    image = Image.open(io.BytesIO(gradient(16)))
    if ending == "png":
        image.save(roots / "it", "PNG")
    else:
        mode = {"tiff": "I;16", "big-endian tiff": "I;16B", "32-bit tiff": "I"}[ending]
        wide = Image.frombytes("I;16B", image.size, image.tobytes("raw", "I;16B")) if mode == "I;16B" else image
        wide.convert(mode).save(roots / "it", "TIFF")
    name = "it"
    if resized:
        name = draw("it", op.Resize(128, output="smaller")).output
    drawn = draw(name, op.Convert(form, quality=95, output="made"))
    with Image.open(roots / "made") as made:
        values = array.array("H", made.tobytes()) if form == "png" else made.convert("L").tobytes()
        mean = sum(values) / len(values) / (65_535 if form == "png" else 255)
        assert made.mode == {"jpeg": "L", "webp": "RGB", "png": "I;16"}[form]
    assert mean == pytest.approx(0.5, abs=0.01)
    assert drawn.notes == ([] if form == "png" else ["16 bits of each channel became 8"])


WIDE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("form", ["jpeg", "webp", "png"])
def test_a_color_profile_stays_with_its_pixels(roots: Path, form: op.ImageFormat) -> None:
    Image.new("RGB", (9, 9), "red").save(roots / "it.jpg", icc_profile=WIDE)
    outputs = [draw("it.jpg", op.Convert(form, output="a")).output, draw("it.jpg", op.Resize(5)).output]
    for output in outputs:
        with Image.open(roots / output) as made:
            assert made.info["icc_profile"] == WIDE


def profile_of(space: bytes) -> bytes:
    return WIDE[:16] + space + WIDE[20:]


@pytest.mark.parametrize(("mode", "space"), [("CMYK", b"CMYK"), ("L", b"GRAY"), ("CMYK", b"RGB "), ("RGB", b"CMYK")])
@pytest.mark.parametrize("form", ["png", "webp", "jpeg"])
def test_no_image_has_a_profile_of_other_pixels(roots: Path, mode: str, space: bytes, form: op.ImageFormat) -> None:
    Image.new(mode, (9, 9)).save(roots / "it.tiff", icc_profile=profile_of(space))
    draw("it.tiff", op.Convert(form))
    draw("it.tiff", op.Resize(5, output="resized"))
    for made in (roots / f"it.{'jpg' if form == 'jpeg' else form}", roots / "resized"):
        with Image.open(made) as image:
            spaces = {"L": b"GRAY", "CMYK": b"CMYK", "RGB": b"RGB "}
            assert image.info.get("icc_profile", b"")[16:20] in (b"", spaces[image.mode])


def test_grey_with_a_profile_becomes_what_it_looks_like(roots: Path) -> None:
    """A curve of its own (gamma 1): half of the light is 188 in sRGB."""
    linear = grey_profile_of_gamma_one()
    Image.new("L", (9, 9), 128).save(roots / "it.png", icc_profile=linear)
    assert draw("it.png", op.Convert("webp")).notes == []
    with Image.open(roots / "it.webp") as made:
        assert "icc_profile" not in made.info
        assert made.convert("RGB").getpixel((4, 4))[0] == pytest.approx(188, abs=2)  # type: ignore[index]


def grey_profile_of_gamma_one() -> bytes:
    """ICC.1, 7: a header, and the tags that a grey profile needs: white point, curve."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    words = b"desc\0\0\0\0" + struct.pack(">I", 2) + b"g\0" + bytes(78)
    tags, at = b"", 128 + 4 + 3 * 12
    body = b""
    for name, data in ((b"wtpt", white), (b"kTRC", curve), (b"desc", words)):
        data += bytes(-len(data) % 4)
        tags += name + struct.pack(">2I", at + len(body), len(data))
        body += data
    head = bytes(8) + struct.pack(">I", 0x02400000) + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D) + bytes(48)
    size = struct.pack(">I", 128 + 4 + len(tags) + len(body))
    return size + head[4:].ljust(124, b"\0") + struct.pack(">I", 3) + tags + body


@pytest.mark.parametrize("form", ["gif", "webp", "tiff", "png"])
def test_frames_that_are_left_out_are_told(roots: Path, form: str) -> None:
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "green", "blue")]
    frames[0].save(roots / "it", form, save_all=True, append_images=frames[1:])
    for operation in (op.Convert("jpeg", output="made"), op.Resize(5, output="smaller")):
        ctx = RecordingContext()
        assert draw("it", operation, ctx).notes == ["only the first of its 3 frames or pages"]
        assert ctx.lines == ["only the first of its 3 frames or pages"]


def test_what_is_transparent_is_white_where_nothing_can_be_transparent(roots: Path) -> None:
    for mode, color in (("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))):
        Image.new(mode, (9, 9), color).save(roots / "it.png")
        assert draw("it.png", op.Convert("jpeg")).notes == ["transparent parts became white"]
        with Image.open(roots / "it.jpg") as made:
            assert made.convert("L").getpixel((4, 4)) == 255


def test_16_bits_of_color_are_told(roots: Path) -> None:
    rows = b"".join(b"\0" + struct.pack(">3H", 65_535, 0, 0) * 4 for _ in range(4))
    (roots / "it.png").write_bytes(png(struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0), rows))
    assert draw("it.png", op.Resize(2)).notes == ["16 bits of each channel became 8"]


@pytest.mark.parametrize(
    ("size", "operation", "words"),
    [
        ((65_501, 1), op.Convert("jpeg", output="made"), "65,501 by 1 pixels; jpeg holds 65,500 in each"),
        ((1, 65_536), op.Convert("jpeg", output="made"), "jpeg holds 65,500"),
        ((16_384, 1), op.Convert("webp", output="made"), "16,384 by 1 pixels; webp holds 16,383"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    roots: Path, size: tuple[int, int], operation: op.Operations, words: str
) -> None:
    Image.new("L", size).save(roots / "it.png")
    with pytest.raises(Refusal, match=words):
        draw("it.png", operation)
    assert os.listdir(roots) == ["it.png"]


def test_what_a_format_cannot_hold_once_it_is_larger_is_refused(roots: Path) -> None:
    Image.new("RGB", (100, 10)).save(roots / "it.webp")
    with pytest.raises(Refusal, match="webp holds 16,383"):
        draw("it.webp", op.Resize(16_400))


@pytest.mark.parametrize("mode", ["F", "I"])
def test_numbers_without_a_white_are_refused(roots: Path, mode: str) -> None:
    Image.new(mode, (4, 4), 100_000).save(roots / "it.tiff")
    for operation in (op.Convert("png"), op.Convert("jpeg"), op.Resize(2)):
        with pytest.raises(Refusal, match="numbers of 32 bits"):
            draw("it.tiff", operation)


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
