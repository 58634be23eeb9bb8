"""What `up` and `config check` ask of settings: are the URLs usable, and how do workers work?

Nothing is opened, and no driver imported: the supervisor carries this.
"""

import os

from taskmill.brokers.open import broker_scheme
from taskmill.config.settings import Settings
from taskmill.core.errors import InvalidSettings
from taskmill.core.state import State
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.feeds.open import feed_scheme
from taskmill.stores.open import open_store, store_scheme

URL_CHECKS = {"store": store_scheme, "broker": broker_scheme, "feed": feed_scheme}


def check_url(setting: str, url: str) -> None:
    """Is it the URL of a store, a broker or a feed, by its scheme? Raises InvalidSettings."""
    URL_CHECKS[setting](url)


def check_usable(setting: str, url: str) -> None:
    """And is the library installed that a store needs, does it name a file? Raises InvalidSettings."""
    open_store(url) if setting == "store" else check_url(setting, url)


def check_shared(setting: str, url: str) -> None:
    """Can several processes use it? Raises InvalidSettings."""
    check_url(setting, url)
    if url.startswith("memory:"):
        raise InvalidSettings(
            f"workers and server are processes of their own and can't share a memory:// {setting}",
            hint="use sqlite:///taskmill.db" if setting == "store" else f"name a server, or no {setting} at all",
        )


def worker_settings(settings: Settings) -> WorkerSettings:
    return WorkerSettings(
        queues=settings.queues,
        slots=settings.slots,
        processes=settings.processes or max(1, _cores() // settings.workers),
        loss_limit=settings.loss_limit,
        lease=settings.lease,
        grace=settings.grace,
        poll=settings.poll,
        retention={
            State.SUCCEEDED: settings.retention_succeeded,
            State.FAILED: settings.retention_failed,
            State.CANCELLED: settings.retention_cancelled,
        },
    )


def _cores() -> int:
    """That this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
