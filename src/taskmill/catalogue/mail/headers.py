"""Headers of a mail, written once from their parts (RFC 5322, 2047, 2231). Nothing that was given is read as syntax.

Python's own `email` parses what it is given and folds what it parsed, and so made of one name with commas several
recipients, and of an encoded word in a name an address.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from taskmill.catalogue.refusal import Refusal

if TYPE_CHECKING:
    from taskmill.catalogue.mail.mailbox import Mailbox

SHORT = 60
"""Characters that are written as they are; more are encoded, so that they can be folded."""
WORD = 45
"""Bytes in an encoded word, which then has 72 characters; RFC 2047 allows 75."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_FILE = re.compile(r"[A-Za-z0-9._ -]*", re.ASCII)


def line(text: str, where: str) -> str:
    """Text for a header: one line. Raises Refusal."""
    if _CONTROL.search(text):
        raise Refusal(f"{where}: line breaks and control characters are not allowed there")
    return text


def unstructured(text: str) -> str:
    """The value of a header that is nothing but words."""
    return text if _plain(text) and len(text) <= SHORT and text == text.strip() else _encoded(text)


def mailboxes(several: Sequence["Mailbox"]) -> str:
    return ",\r\n ".join(f"{_phrase(one.name)} <{one.address}>" if one.name else one.address for one in several)


def attached(name: str) -> str:
    """The value of `Content-Disposition`."""
    if _FILE.fullmatch(name) and len(name) <= SHORT:
        return f'attachment; filename="{name}"'
    pieces = [quote(piece, safe="") for piece in _pieces(name, 20)]
    charset = ["UTF-8''", *[""] * (len(pieces) - 1)]
    numbered = [f"filename*{number}*={charset[number]}{piece}" for number, piece in enumerate(pieces)]
    return ";\r\n ".join(["attachment", *(numbered if len(pieces) > 1 else [f"filename*=UTF-8''{pieces[0]}"])])


def _plain(text: str) -> bool:
    return _PRINTABLE.fullmatch(text) is not None and "=?" not in text


def _phrase(name: str) -> str:
    """A name of ASCII stays on one line: some readers put spaces between encoded words."""
    if not _plain(name):
        return _encoded(name)
    return name if _PHRASE.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _encoded(text: str) -> str:
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece.encode()).decode()}?=" for piece in _pieces(text, WORD))


def _pieces(text: str, most: int) -> Iterator[str]:
    """Of at most so many bytes of UTF-8, no character cut in two."""
    piece, size = "", 0
    for character in text:
        width = len(character.encode())
        if size + width > most:
            yield piece
            piece, size = "", 0
        piece, size = piece + character, size + width
    yield piece
