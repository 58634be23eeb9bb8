"""From settings to what the supervisor runs, and what is said when it runs."""

import subprocess
import sys
from pathlib import Path

from taskmill.cli import failures
from taskmill.config.catalogue import for_catalogue
from taskmill.config.load import DEFAULT, Loaded
from taskmill.config.masking import masked
from taskmill.config.settings import Settings
from taskmill.core.errors import InvalidSettings
from taskmill.core.state import State
from taskmill.engine.settings import WorkerSettings
from taskmill.supervisor.plan import Plan, ServerPlan


def plan(loaded: Loaded, *, server: bool, workers: bool) -> Plan:
    """Raises InvalidSettings when the app or the store cannot be used."""
    settings = loaded.settings
    app = settings.app if workers else None
    return Plan(
        _store(loaded, app),
        settings.durability,
        app,
        settings.workers if workers else 0,
        _worker(settings),
        ServerPlan(settings.host, settings.port, settings.cors) if server else None,
        settings.log_level,
        catalogue=for_catalogue(settings),
        broker=settings.broker,
        feed=settings.feed,
    )


def ready_text(plan: Plan) -> str:
    """What `up` says once everything runs."""
    lines = [f"Taskmill is up on {_place(plan.store)}"]
    if plan.server:
        lines.append(f"  server   http://{_host(plan.server.host)}:{plan.server.port}")
    if plan.workers:
        served = ",".join(plan.settings.queues) if plan.settings.queues else "all queues"
        lines.append(f"  workers  {plan.workers}, for {served}")
    store = "" if plan.store == Settings().store else f" --store {plan.store}"
    lines += ["Try next, in another terminal:", *(f"  {line}" for line in _next(plan, masked(store)))]
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)


def _next(plan: Plan, store: str) -> list[str]:
    if plan.app:
        return [f"taskmill types{store}", f"taskmill watch{store}"]
    lines = [f'taskmill submit{store} -T math -P "1 + 2 * 5"', f"taskmill watch{store}"]
    if plan.server is None:
        return [*lines, f"taskmill types{store}"]
    url = f"http://{_host(plan.server.host)}:{plan.server.port}/api/tasks"
    body = '{"task_type": "math", "parameters": {"expression": "1 + 2 * 5"}}'
    return [*lines, f"curl {url} -H 'Content-Type: application/json' -d '{body}'"]


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


def _store(loaded: Loaded, app: str | None) -> str:
    """What the settings say; if they say nothing, the app's own."""
    own = _store_of(app) if app else None
    url = loaded.settings.store
    if own and loaded.sources["store"] == DEFAULT:
        url = own
    elif own and own != url:
        note = (
            f"note: {app} enqueues to {masked(own)}, but these workers serve {masked(url)} ({loaded.sources['store']})"
        )
        print(note, file=sys.stderr)
    if url.startswith("memory:"):
        raise InvalidSettings(
            "workers and server are processes of their own and can't share a memory:// store",
            hint="use sqlite:///taskmill.db",
        )
    return url


def _store_of(app: str) -> str:
    """Asked of a process of its own: an app may bring anything along, which the supervisor should not carry.

    That process says what is wrong with the app.
    """
    command = [sys.executable, "-m", "taskmill.cli.app_store", app]
    asked = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode:
        sys.exit(failures.INVALID)
    return asked.stdout.strip().splitlines()[-1]


def _place(url: str) -> str:
    path = url.removeprefix("sqlite:///")
    return masked(url) if path == url else str(Path(path).absolute())


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
