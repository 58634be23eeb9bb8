"""What a person can do something about in a traceback: their own lines."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from taskmill.core.errors import InvalidSettings

if TYPE_CHECKING:
    from traceback import TracebackException

LOADERS = (f"{Path(__file__).parents[1]}/", str(importlib.__file__), "<frozen ")
"""Where the frames of ours and of the import system come from."""


class BrokenApp(InvalidSettings):
    """An app's module raised while it was imported; what it raised is the cause."""


def own_traceback(error: BaseException) -> str:
    """The traceback of an error in somebody's module, without our frames and those of the import system."""
    from traceback import TracebackException  # for the unhappy day alone

    formatted = TracebackException.from_exception(error)
    _cut(formatted)
    return "".join(formatted.format()).rstrip()


def _cut(formatted: "TracebackException | None") -> None:
    while formatted is not None:
        formatted.stack[:] = [frame for frame in formatted.stack if not frame.filename.startswith(LOADERS)]
        _cut(formatted.__cause__)
        formatted = formatted.__context__
