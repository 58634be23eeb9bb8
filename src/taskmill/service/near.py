"""Did you mean."""

from collections.abc import Iterable
from difflib import get_close_matches

SHORT = 20
"""So many names are listed in full."""


def near_names(name: str, known: Iterable[str]) -> str:
    """A sentence that helps, or an empty string."""
    names = sorted(known)
    near = get_close_matches(name[:128], names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if 0 < len(names) <= SHORT:
        return f"known: {', '.join(names)}"
    return ""
