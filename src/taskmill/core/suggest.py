"""Did you mean: the one way in which a wrong name is answered with those that come near."""

import heapq
from collections.abc import Iterable

LONGEST = 128
"""Characters of a wrong name that are compared: comparing costs the square of the length."""
COMPARED = 20
"""Known names that are compared in full: those that have most letters in common with the wrong one."""
LISTED = 20
"""So many names are listed in full when none comes near."""


def nearest(name: str, known: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The known names that come near, the nearest first. `cutoff`: 1.0 is the same name."""
    from difflib import SequenceMatcher  # Imported here, because a process in which nobody errs does without.

    matcher: SequenceMatcher[str] = SequenceMatcher()
    matcher.set_seq2(name[:LONGEST])
    likely = []
    for candidate in known:
        matcher.set_seq1(candidate)
        if matcher.real_quick_ratio() >= cutoff and (bound := matcher.quick_ratio()) >= cutoff:
            likely.append((bound, candidate))
    near = []
    for _, candidate in heapq.nlargest(COMPARED, likely):
        matcher.set_seq1(candidate)
        if (ratio := matcher.ratio()) >= cutoff:
            near.append((ratio, candidate))
    return [candidate for _, candidate in heapq.nlargest(most, near)]


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "", most: int = 1, cutoff: float = 0.6) -> str:
    """`did you mean math?`, or `otherwise` when no known name comes near."""
    near = nearest(name, known, most, cutoff)
    return f"did you mean {' or '.join(near)}?" if near else otherwise


def near_names(name: str, known: Iterable[str]) -> str:
    """Up to three names that come near, else all names if they are few; empty when there is nothing to say."""
    names = sorted(known)
    listing = f"known: {', '.join(names)}" if 0 < len(names) <= LISTED else ""
    return did_you_mean(name, names, listing, most=3)
