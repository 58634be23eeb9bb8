"""What a handler may ask and say about its own attempt."""

from taskmill.executors.contract import Context, current

__all__ = ["Context", "current"]
