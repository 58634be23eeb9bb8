"""Wakes waiters in this process."""

from taskmill.stores.local_bell import LocalBell as SocketBell

__all__ = ["SocketBell"]
