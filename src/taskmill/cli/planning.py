"""From settings to what the supervisor runs."""

import json
import subprocess
import sys

from taskmill.brokers.open import broker_scheme
from taskmill.cli import failures
from taskmill.config.catalogue import for_catalogue
from taskmill.config.load import DEFAULT, Loaded
from taskmill.config.masking import masked
from taskmill.config.settings import Settings
from taskmill.core.errors import InvalidSettings
from taskmill.core.state import State
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.feeds.open import feed_scheme
from taskmill.stores.open import store_scheme
from taskmill.supervisor.plan import Plan, ServerPlan

CHECKS = {"store": store_scheme, "broker": broker_scheme, "feed": feed_scheme}
VERBS = {"store": "enqueues to", "broker": "announces on", "feed": "watches"}


def plan(loaded: Loaded, *, server: bool, workers: bool) -> Plan:
    """Raises InvalidSettings when the app, the store, the broker or the feed cannot be used."""
    settings = loaded.settings
    app = settings.app if workers else None
    places = _places(loaded, app)
    return Plan(
        places["store"] or settings.store,
        settings.durability,
        app,
        settings.workers if workers else 0,
        _worker(settings),
        ServerPlan(settings.host, settings.port, settings.cors) if server else None,
        settings.log_level,
        catalogue=for_catalogue(settings),
        broker=places["broker"],
        feed=places["feed"],
    )


def _worker(settings: Settings) -> WorkerSettings:
    return WorkerSettings(
        queues=settings.queues,
        slots=settings.slots,
        lease=settings.lease,
        grace=settings.grace,
        poll=settings.poll,
        retention={
            State.SUCCEEDED: settings.retention_succeeded,
            State.FAILED: settings.retention_failed,
            State.CANCELLED: settings.retention_cancelled,
        },
    )


def _places(loaded: Loaded, app: str | None) -> dict[str, str | None]:
    """Of store, broker and feed what the settings say; else the app's own. Raises InvalidSettings."""
    own = _places_of(app) if app else {}
    places = {key: _place(loaded, key, app, own.get(key)) for key in CHECKS}
    for key, url in places.items():
        if url is not None:
            CHECKS[key](url)
            _refuse_memory(key, url)
    return places


def _place(loaded: Loaded, key: str, app: str | None, own: str | None) -> str | None:
    url: str | None = getattr(loaded.settings, key)
    if own and loaded.sources[key] == DEFAULT:
        return own
    if url and own and own != url:
        verb, source = VERBS[key], loaded.sources[key]
        print(f"note: {app} {verb} {masked(own)}, but these workers serve {masked(url)} ({source})", file=sys.stderr)
    return url


def _refuse_memory(key: str, url: str) -> None:
    if url.startswith("memory:"):
        raise InvalidSettings(
            f"workers and server are processes of their own and can't share a memory:// {key}",
            hint="use sqlite:///taskmill.db" if key == "store" else f"name a server, or no {key} at all",
        )


def _places_of(app: str) -> dict[str, str | None]:
    """Asked of a process of its own: an app may bring anything along, which the supervisor should not carry.

    That process says what is wrong with the app.
    """
    command = [sys.executable, "-m", "taskmill.cli.app_places", app]
    asked = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode:
        sys.exit(failures.INVALID)
    places: dict[str, str | None] = json.loads(asked.stdout.strip().splitlines()[-1])
    return places
