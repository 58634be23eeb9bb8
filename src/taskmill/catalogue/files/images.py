"""Resize and convert images. What is too large is refused from its header, before a pixel is decoded."""

import contextlib
import errno
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from taskmill.catalogue.files.operations import Convert, Resize
from taskmill.catalogue.files.paths import RootedPath, target
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
MODES = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"),
    "jpeg": ("L", "RGB", "CMYK"),
    "webp": ("RGB", "RGBA"),
}


def resize(ctx: Context, filename: str, asked: Resize) -> Drew:
    with _image(filename) as (image, source):
        form = image_format(image)
        rooted = target(asked.output, source) if asked.output else source.sibling(_resized(source.file, form))
        size = _fitted(image.size, asked)
        _check_size(size, rooted.name)
        ctx.progress(0.3, "decoded")
        ctx.raise_if_cancelled()
        smooth = image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode in "1P" else image
        return _write(ctx, smooth.resize(size), source, rooted, form, asked.quality)


def convert(ctx: Context, filename: str, asked: Convert) -> Drew:
    with _image(filename) as (image, source):
        rooted = target(asked.output, source) if asked.output else _beside(source, asked.format)
        ctx.progress(0.3, "decoded")
        ctx.raise_if_cancelled()
        return _write(ctx, image, source, rooted, asked.format, asked.quality)


def image_format(image: "Image") -> str:
    """The format to write an image in that came in this one; where it can't be written, PNG, which loses nothing."""
    form = (image.format or "").lower()
    return form if form in ENDINGS else "png"


@contextlib.contextmanager
def _image(filename: str) -> Iterator[tuple["Image", RootedPath]]:
    """Decoded, and turned as its camera was held."""
    need("PIL.Image", "images")
    from PIL import Image, ImageOps, UnidentifiedImageError

    with reading(filename) as (file, source, _), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a size that is checked here
        try:
            with Image.open(file, formats=READ) as image:
                _check_size(image.size, source.name)
                form = image.format
                image.load()
                upright = ImageOps.exif_transpose(image)
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
    yield upright, source


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise Refusal(f"'{name}' has {width:,} by {height:,} pixels; at most {MOST_PIXELS:,} are taken")


def _fitted(size: tuple[int, int], asked: Resize) -> tuple[int, int]:
    scale = asked.width / size[0]
    if asked.height is not None:
        scale = min(scale, asked.height / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _write(ctx: Context, image: "Image", source: RootedPath, rooted: RootedPath, form: str, quality: int) -> Drew:
    with writing(rooted) as made:
        _save(image, made, form, quality)
        ctx.raise_if_cancelled()
        size = made.seek(0, 2)
    return Drew(source.name, rooted.name, form, *image.size, size)


def _save(image: "Image", made: BinaryIO, form: str, quality: int) -> None:
    if image.mode not in MODES[form]:
        image = image.convert("RGBA" if form != "jpeg" and image.has_transparency_data else "RGB")
    options = {"optimize": True} if form == "png" else {"quality": quality}
    image.save(made, form, **options)


def _resized(file: str, form: str) -> str:
    stem, dot, _ = file.rpartition(".")
    return f"{stem if dot else file}.resized{ENDINGS[form]}"


def _beside(source: RootedPath, form: str) -> RootedPath:
    stem, dot, _ = source.file.rpartition(".")
    name = (stem if dot and stem else source.file) + ENDINGS[form]
    return source.sibling(name if name != source.file else f"{name}{ENDINGS[form]}")
