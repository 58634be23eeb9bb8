"""Secrets in URLs are not for eyes."""

import re

_WORD = re.compile(r"\S+")
_USER = re.compile(r"://[^:/@\s]*:")
_NAME = re.compile(r"[?&]([^=&?\s]*)=")
_VALUE = re.compile(r"[^&\s]*")
SECRETS = ("password", "secret", "token", "key")


def masked(text: str) -> str:
    """The text, with passwords in URLs replaced by ***."""
    return _without_parameters(_WORD.sub(_without_password, text))


def _without_password(word: re.Match[str]) -> str:
    """From the user's name to the last @: a password may have one, too."""
    text, end = word[0], word[0].rfind("@")
    user = _USER.search(text)
    return text if user is None or user.end() > end else f"{text[: user.end()]}***{text[end:]}"


def _without_parameters(text: str) -> str:
    kept, at = [], 0
    for name in _NAME.finditer(text):
        value = _VALUE.match(text, name.end())
        if name.start() >= at and value and any(secret in name[1].lower() for secret in SECRETS):
            kept += [text[at : name.end()], "***"]
            at = value.end()
    return "".join([*kept, text[at:]])
