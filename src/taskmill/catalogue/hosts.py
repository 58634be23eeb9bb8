"""Names of hosts in the one form that name servers know, so that what is checked, shown and asked is the same name."""

import re

import idna

from taskmill.catalogue.refusal import Refusal

LONGEST = 253
_LABELS = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?", re.ASCII)


def ascii_host(name: str) -> str:
    """A name beyond ASCII as IDNA 2008 (RFC 5891) writes it, after the mapping of UTS 46: faß.de is not fass.de.

    A name that is ASCII already keeps its letters, in lower case. Raises Refusal.
    """
    plain = name.lower()
    try:
        if not name.isascii() and len(name) <= LONGEST:
            plain = idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise Refusal(f"{name[:100]!r} can't be the name of a host: {error}") from None
    if len(plain) > LONGEST or not _LABELS.fullmatch(plain):
        raise Refusal(f"{name[:100]!r} can't be the name of a host; write one like www.example.com")
    return plain
