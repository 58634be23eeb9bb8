"""What would keep every child from starting, found once before there are any."""

from importlib.util import find_spec

from taskmill.core.extras import needs
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store
from taskmill.supervisor.plan import Plan

LIBRARIES = {"amqp": ("pika", "rabbitmq"), "redis": ("redis", "redis")}
"""How the scheme of a URL begins → the library, which is not imported here because it weighs much, and its extra."""


def check_start(plan: Plan, store: Store) -> None:
    """Raises InvalidSettings for a library that is missing, StoreError for a store that can't be written."""
    for what, url in (("broker", plan.broker), ("live feed", plan.feed)):
        for scheme, (library, extra) in LIBRARIES.items():
            if url is not None and url.startswith(scheme):
                with needs(extra, f"the {what} {scheme}://"):
                    if find_spec(library) is None:
                        raise ModuleNotFoundError(name=library)
    run(store.ping())
