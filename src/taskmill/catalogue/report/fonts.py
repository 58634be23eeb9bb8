"""Fonts of this machine for what a report says: Matplotlib's own has no Chinese, Hindi, Thai and much else."""

import unicodedata
from typing import NamedTuple

OWN = "DejaVu Sans"
MOST_FONTS = 300
"""Are looked into; each takes milliseconds."""
LISTED = 10


class Fonts(NamedTuple):
    families: list[str]
    """The first that has a character draws it."""
    missing: str
    """Characters that none has, and that are drawn as boxes."""
    outlines: bool
    """One of them can be drawn in a PDF, but not be embedded as it is."""

    @property
    def note(self) -> str | None:
        if not self.missing:
            return None
        shown = self.missing[:LISTED] + ("…" if len(self.missing) > LISTED else "")
        return f"no font here has {shown}, drawn as boxes; install fonts on the worker, such as the package fonts-noto"


def fonts_for(text: str) -> Fonts:
    from matplotlib.font_manager import findfont

    wanted = {one for one in set(text) if unicodedata.category(one)[0] not in "CZ"} - _characters(findfont(OWN))
    families, outlines = [OWN], False
    for name, path in _others() if wanted else ():
        if found := wanted & _characters(path):
            wanted -= found
            families.append(name)
            outlines = outlines or _is_cff(path)
        if not wanted:
            break
    return Fonts(families, "".join(sorted(wanted)), outlines)


def _others() -> list[tuple[str, str]]:
    """Name and file, those first that are made for many scripts."""
    from matplotlib.font_manager import fontManager

    plain = {
        font.name: font.fname
        for font in reversed(fontManager.ttflist)
        if font.style == "normal"
        and font.weight in (400, "normal", "regular", "book")
        and not font.name.startswith("Last Resort")  # has a box for every character
    }
    return sorted(plain.items(), key=lambda font: ("Noto" not in font[0], font[0]))[:MOST_FONTS]


def _characters(path: str) -> set[str]:
    from matplotlib.ft2font import FT2Font

    try:
        return {chr(code) for code in FT2Font(path).get_charmap()}
    except (OSError, RuntimeError):  # of pictures, as some fonts of emoji are
        return set()


def _is_cff(path: str) -> bool:
    with open(path, "rb") as file:
        start = file.read(16)
        if start.startswith(b"ttcf"):
            file.seek(int.from_bytes(start[12:16]))
            start = file.read(4)
    return start.startswith(b"OTTO")
