"""From the pixels of an image to those that a format holds: nothing is lost without a note, and white stays white."""

import io
from typing import TYPE_CHECKING

from taskmill.catalogue.refusal import Refusal

if TYPE_CHECKING:
    from PIL.Image import Image

MODES = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "jpeg": ("L", "RGB", "CMYK"),
    "webp": ("RGB", "RGBA"),
}
SPACES = {"1": b"GRAY", "L": b"GRAY", "LA": b"GRAY", "I;16": b"GRAY", "CMYK": b"CMYK"}
"""Of a color profile, as its header says it (ICC.1, 7.2.6); other modes have `RGB `."""
FEWER_BITS = "16 bits of each channel became 8"


def sixteen_bits(image: "Image", name: str) -> "Image":
    """Grey of 16 bits in one mode, whichever it was read in. Raises Refusal for numbers that are no grey."""
    if image.mode == "F" or (image.mode == "I" and not _is_grey(image)):
        raise Refusal(
            f"'{name}' holds numbers of 32 bits, of which nobody says how much is white; give it 8 or 16 bits"
        )
    return image.convert("I").convert("I;16") if image.mode.startswith("I") and image.mode != "I;16" else image


def fitted(image: "Image", form: str, notes: list[str]) -> "Image":
    """As the format can hold it, with a color profile of its pixels or, where there is none, in sRGB."""
    if form == "jpeg" and image.has_transparency_data:
        image = _on_white(image, notes)
    if image.mode == "I;16" and "I;16" not in MODES[form]:
        notes.append(FEWER_BITS)
        image = image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    profile = image.info.pop("icc_profile", None)
    if profile and profile[16:20] != SPACES.get(image.mode, b"RGB "):
        notes.append("its color profile is not one of its pixels, and was left out")
        profile = None
    if image.mode not in MODES[form]:
        alpha = image.has_transparency_data
        if profile and image.mode in SPACES:
            image, profile = _in_srgb(image, profile, notes), None
        image = image.convert("RGBA" if alpha else "RGB")
    image.info = {"icc_profile": profile} if profile else {}
    return image


def _is_grey(image: "Image") -> bool:
    least, most = image.getextrema()
    return least >= 0 and most <= 0xFFFF  # type: ignore[operator]


def _on_white(image: "Image", notes: list[str]) -> "Image":
    from PIL import Image

    notes.append("transparent parts became white")
    seen = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(seen, mask=seen.getchannel("A"))
    white.info = {key: value for key, value in image.info.items() if key == "icc_profile" and value[16:20] == b"RGB "}
    return white


def _in_srgb(image: "Image", profile: bytes, notes: list[str]) -> "Image":
    from PIL import ImageCms

    alpha = image.getchannel("A") if image.mode == "LA" else None
    plain = image.convert("L") if image.mode in ("LA", "1") else image
    try:
        made = ImageCms.profileToProfile(plain, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        notes.append("its color profile can't be read, and was left out")
        return image
    assert made is not None
    if alpha:
        made.putalpha(alpha)
    return made
