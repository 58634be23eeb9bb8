"""Secrets in URLs are not for eyes."""

import re

_PASSWORD = re.compile(r"(://[^:/@\s]*:)\S*(?=@)")
_PARAMETER = re.compile(r"([?&][^=&\s]*(?:password|secret|token|key)[^=&\s]*=)[^&\s]*", re.IGNORECASE)


def masked(text: str) -> str:
    """The text, with passwords in URLs replaced by ***."""
    return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1***", text))
