"""What can't be done, however often it is tried: said once, and not retried."""

from importlib import import_module

from taskmill.core.retry import RetryPolicy


class Refusal(ValueError):
    """Says what is wrong, where, and what would be right."""


class MissingExtra(Refusal):
    """A library that this worker lacks."""


NO_SECOND_TRY = RetryPolicy(give_up_on=("Refusal",))


def need(module: str, extra: str) -> None:
    """Raises MissingExtra unless the module of an optional dependency can be imported."""
    try:
        import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f'this worker lacks {error.name or module}; install it there: pip install "taskmill[{extra}]"'
        ) from None
