"""What would keep every child from starting, found once before there are any."""

import logging
import sys
from importlib.util import find_spec
from pathlib import Path

from taskmill.core.extras import needs
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store
from taskmill.supervisor.plan import Plan

logger = logging.getLogger(__name__)

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


def warn_of_shadowed() -> None:
    """Of files and packages of the working directory, where an app is looked for after the standard library."""
    here = Path.cwd()
    files = {path.name: path.stem for path in here.glob("*.py")}
    packages = {path.parent.name: path.parent.name for path in here.glob("*/__init__.py")}
    if names := sorted(shown for shown, name in (files | packages).items() if name in sys.stdlib_module_names):
        logger.warning(
            "%s in %s: Python's standard library has a module of that name, which is imported instead; rename yours",
            " and ".join(names),
            here,
        )
