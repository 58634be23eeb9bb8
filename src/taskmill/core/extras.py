"""Libraries that only some adapters need come with the extras of the package."""

from collections.abc import Iterator
from contextlib import contextmanager

from taskmill.core.errors import InvalidSettings


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Around the import of an adapter. Raises InvalidSettings when a library of the extra is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "taskmill":
            raise
        raise InvalidSettings(
            f"{what} needs the library '{error.name}', which is not installed",
            hint=f'pip install "taskmill[{extra}]"',
        ) from None
