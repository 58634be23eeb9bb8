"""Resize and convert images. What is too large is refused from its header, before a pixel is decoded."""

import contextlib
import errno
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from taskmill.catalogue.files.operations import Convert, Resize
from taskmill.catalogue.files.paths import RootedPath, target
from taskmill.catalogue.files.pixels import FEWER_BITS, fitted, sixteen_bits
from taskmill.catalogue.files.results import Drew
from taskmill.catalogue.files.safe_files import reading, writing
from taskmill.catalogue.refusal import Refusal, need
from taskmill.executors.contract import Context

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 64_000_000
"""256 MB of memory."""
READ = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
LONGEST = {"jpeg": 65_500, "webp": 16_383}
"""Pixels of a side that a format can hold (libjpeg, libwebp)."""


def resize(ctx: Context, filename: str, asked: Resize) -> Drew:
    with _image(filename) as (image, source, notes):
        form = image_format(image)
        rooted = target(asked.output, source) if asked.output else source.sibling(_resized(source.file, form))
        size = _fitted(image.size, asked)
        _check_size(size, rooted.name)
        ctx.progress(0.3, "decoded")
        ctx.raise_if_cancelled()
        smooth = image
        if image.mode in "1P":
            smooth = image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")
        return _write(ctx, smooth.resize(size), source, rooted, form, asked.quality, notes)


def convert(ctx: Context, filename: str, asked: Convert) -> Drew:
    with _image(filename) as (image, source, notes):
        rooted = target(asked.output, source) if asked.output else _beside(source, asked.format)
        ctx.progress(0.3, "decoded")
        ctx.raise_if_cancelled()
        return _write(ctx, image, source, rooted, asked.format, asked.quality, notes)


def image_format(image: "Image") -> str:
    """The format to write an image in that came in this one; where it can't be written, PNG, which loses nothing."""
    form = (image.format or "").lower().replace("mpo", "jpeg")  # of phones, with a second picture for its depth
    return form if form in ENDINGS else "png"


@contextlib.contextmanager
def _image(filename: str) -> Iterator[tuple["Image", RootedPath, list[str]]]:
    """Decoded, and turned as its camera was held; with notes of what is not carried over."""
    need("PIL.Image", "images")
    from PIL import Image, ImageOps, UnidentifiedImageError

    with reading(filename) as (file, source, _), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a size that is checked here
        try:
            with Image.open(file, formats=READ) as image:
                _check_size(image.size, source.name)
                form, notes = image.format, list(_left_out(image))
                image.load()
                upright = sixteen_bits(ImageOps.exif_transpose(image), source.name)
        except Refusal:
            raise
        except UnidentifiedImageError:
            raise Refusal(f"'{source.name}' is no image that can be read; {', '.join(READ)} can") from None
        except Image.DecompressionBombError:
            raise Refusal(f"'{source.name}' has too many pixels; at most {MOST_PIXELS:,} are taken") from None
        except (SyntaxError, EOFError, ValueError, OSError) as error:
            if getattr(error, "errno", None) in errno.errorcode:
                raise
            raise Refusal(f"'{source.name}' can't be decoded: {error}") from None
    upright.format = form
    yield upright, source, notes


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise Refusal(f"'{name}' has {width:,} by {height:,} pixels; at most {MOST_PIXELS:,} are taken")


def _fitted(size: tuple[int, int], asked: Resize) -> tuple[int, int]:
    scale = asked.width / size[0]
    if asked.height is not None:
        scale = min(scale, asked.height / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _left_out(image: "Image") -> Iterator[str]:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        yield f"only the first of its {frames:,} frames or pages"
    if not image.mode.startswith("I") and any(";16" in str(tile[3]) for tile in getattr(image, "tile", ())):
        yield FEWER_BITS


def _write(
    ctx: Context, image: "Image", source: RootedPath, rooted: RootedPath, form: str, quality: int, notes: list[str]
) -> Drew:
    longest = LONGEST.get(form, MOST_PIXELS)
    if max(image.size) > longest:
        width, height = image.size
        raise Refusal(f"'{rooted.name}' has {width:,} by {height:,} pixels; {form} holds {longest:,} in each direction")
    with writing(rooted) as made:
        try:
            _save(fitted(image, form, notes), made, form, quality)
        except (ValueError, OSError) as error:
            if isinstance(error, Refusal) or getattr(error, "errno", None) in errno.errorcode:
                raise
            raise Refusal(f"'{source.name}' can't be written as {form}: {error}") from None
        ctx.raise_if_cancelled()
        size = made.seek(0, 2)
    for note in notes:
        ctx.log(note, "warning")
    return Drew(source.name, rooted.name, form, *image.size, size, notes)


def _save(image: "Image", made: BinaryIO, form: str, quality: int) -> None:
    options = {"optimize": True} if form == "png" else {"quality": quality}
    image.save(made, form, icc_profile=image.info.get("icc_profile"), **options)


def _resized(file: str, form: str) -> str:
    stem, dot, _ = file.rpartition(".")
    return f"{stem if dot else file}.resized{ENDINGS[form]}"


def _beside(source: RootedPath, form: str) -> RootedPath:
    stem, dot, _ = source.file.rpartition(".")
    name = (stem if dot and stem else source.file) + ENDINGS[form]
    return source.sibling(name if name != source.file else f"{name}{ENDINGS[form]}")
