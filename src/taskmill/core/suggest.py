"""Did you mean: the one way in which a wrong name is answered with those that come near."""

from collections.abc import Iterable

LONGEST = 128
"""Characters of a wrong name that are compared: comparing costs the square of the length."""
LISTED = 20
"""So many names are listed in full when none comes near."""


def nearest(name: str, known: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The known names that come near, the nearest first. `cutoff`: 1.0 is the same name."""
    from difflib import get_close_matches  # Imported here, because a process in which nobody errs does without.

    return get_close_matches(name[:LONGEST], list(known), most, cutoff)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "", most: int = 1, cutoff: float = 0.6) -> str:
    """`did you mean math?`, or `otherwise` when no known name comes near."""
    near = nearest(name, known, most, cutoff)
    return f"did you mean {' or '.join(near)}?" if near else otherwise


def near_names(name: str, known: Iterable[str]) -> str:
    """Up to three names that come near, else all names if they are few; empty when there is nothing to say."""
    names = sorted(known)
    listing = f"known: {', '.join(names)}" if 0 < len(names) <= LISTED else ""
    return did_you_mean(name, names, listing, most=3)
