"""Secrets in files of their own, as container platforms hand them over: `store_file` names the file of `store`."""

from pathlib import Path

SUFFIX = "_file"


def read_secret(path: str) -> str:
    """The one line in it. Raises ValueError, which never tells what is there."""
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} can't be read: {getattr(error, 'strerror', None) or 'not text'}") from None
    if not secret or not secret.isprintable():
        raise ValueError(f"{path} must hold one line of text")
    return secret
