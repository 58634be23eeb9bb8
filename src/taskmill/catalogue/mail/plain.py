"""HTML as plain text, for readers without HTML: one pass, whatever it holds."""

import re
from html import unescape

_HIDDEN = re.compile(r"<(style|script)\b|<!--", re.IGNORECASE)
_END = {name: re.compile(rf"</{name}[^<>]*>?", re.IGNORECASE) for name in ("style", "script")}
_COMMENT_END = re.compile("-->")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?", re.ASCII)
"""Of no character; Python would make a number of all its digits."""


def plain(html: str) -> str:
    """Without tags, and without what a browser does not show; what is never closed goes on to the end, as there."""
    kept, at = [], 0
    while opened := _HIDDEN.search(html, at):
        kept.append(html[at : opened.start()])
        end = _END[opened[1].lower()] if opened[1] else _COMMENT_END
        closed = end.search(html, opened.end())
        at = closed.end() if closed else len(html)
    kept.append(html[at:])
    text = unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", _TAG.sub(" ", " ".join(kept))))
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
