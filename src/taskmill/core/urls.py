"""URLs of stores, brokers and feeds: which kind they are, without saying what may be a password."""

from collections.abc import Sequence

from taskmill.core.errors import InvalidSettings

ALIASES = {"postgres": "postgresql", "rabbitmq": "amqp", "rabbit": "amqp", "file": "sqlite", "valkey": "redis"}


def scheme_of(url: str, what: str, schemes: Sequence[str], known: str) -> str:
    """What stands before `://`. Raises InvalidSettings when it is none of `schemes`: `url` is not the URL of `what`."""
    scheme, separator, _ = url.partition("://")
    if separator and scheme in schemes:
        return scheme
    raise InvalidSettings(f"{_shown(url)!r} is not the URL of {what}", hint=_hint(scheme, schemes, known))


def _shown(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}" if separator and "@" in rest else url


def _hint(scheme: str, schemes: Sequence[str], known: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(ALIASES.get(scheme.lower(), scheme.lower()), schemes, 1)
    return f"did you mean {near[0]}://? Known are {known}" if near else f"known are {known}"
