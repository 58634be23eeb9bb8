"""`up`, `server` and `worker`: run Taskmill until Ctrl-C, and say where it is once everything runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from taskmill.cli.hints import again, program
from taskmill.cli.options import setting_options
from taskmill.config.catalogue import for_catalogue
from taskmill.config.load import DEFAULT, Loaded, load, refuse
from taskmill.config.masking import masked
from taskmill.config.server import ServerSettings
from taskmill.config.settings import Settings
from taskmill.core.errors import InvalidSettings
from taskmill.core.standard_error import fill_standard_descriptors
from taskmill.service.configured import check_shared, worker_settings
from taskmill.service.errors import INVALID
from taskmill.supervisor.plan import Plan
from taskmill.supervisor.preflight import warn_of_shadowed
from taskmill.supervisor.run import supervise

STORE = ("store", "broker", "feed", "durability")
SERVER = ("host", "port", "grpc_port", "cors", "tls_certificate", "tls_key")
WORKER = ("profile", "workers", "queues", "slots", "processes", "lease", "grace", "poll")

APP_VERBS = {"store": "enqueues to", "broker": "announces on", "feed": "watches"}
"""What an app does with each of its URLs."""

_no_login = click.option(
    "--no-login",
    "login",
    flag_value="never",
    default=None,
    help="Let in whoever reaches the server, also from other machines.",
)
_app = click.argument("app", required=False, metavar="[APP]")


@click.command()
@_app
@setting_options(*STORE, *SERVER, *WORKER, "log_level")
@_no_login
@click.option("--reload", is_flag=True, help="Start the workers again when a Python file here changes.")
def up(reload: bool, **given: Any) -> None:
    """Run the server and its workers.

    They are processes of one supervised tree, which Ctrl-C ends. APP is where your task types are, as
    module:attribute (tasks:app). Without it, those that ship with Taskmill run.
    """
    _supervise(given, server=True, workers=True, reload=reload)


@click.command()
@setting_options(*STORE, *SERVER, "log_level")
@_no_login
def server(**given: Any) -> None:
    """Run the server alone.

    Workers may run elsewhere on the same store.
    """
    _supervise(given, server=True, workers=False)


@click.command()
@_app
@setting_options(*STORE, *WORKER, "log_level")
def worker(**given: Any) -> None:
    """Run workers alone.

    APP is where your task types are, as module:attribute (tasks:app).
    """
    _supervise(given, server=False, workers=True)


def _supervise(given: dict[str, Any], *, server: bool, workers: bool, reload: bool = False) -> None:
    fill_standard_descriptors()
    loaded = load(given, file=given.pop("config"))
    refuse(loaded.findings)
    plan = plan_of(loaded, server=server, workers=workers)._replace(reload=reload)
    code = supervise(plan, on_ready=lambda: click.echo(ready_text(plan, loaded.file)))
    click.get_current_context().exit(code)


def plan_of(loaded: Loaded, *, server: bool, workers: bool) -> Plan:
    """Raises InvalidSettings when the app, the store, the broker or the feed cannot be used."""
    settings = loaded.settings
    app = settings.app if workers else None
    urls = _urls(loaded, app)
    return Plan(
        urls["store"] or settings.store,
        settings.durability,
        app,
        settings.workers if workers else 0,
        worker_settings(settings),
        _server(settings) if server else None,
        settings.log_level,
        settings.traceback_paths,
        settings.event_loop,
        catalogue=for_catalogue(settings),
        broker=urls["broker"],
        feed=urls["feed"],
    )


def _server(settings: Settings) -> ServerSettings:
    """Raises InvalidSettings."""
    chosen = {name: getattr(settings, name) for name in ServerSettings._fields}
    return ServerSettings(**chosen)


def _urls(loaded: Loaded, app: str | None) -> dict[str, str | None]:
    """Of store, broker and feed what the settings say; else the app's own. Raises InvalidSettings."""
    if app:
        warn_of_shadowed()
    own = _urls_of(app) if app else {}
    urls = {key: _url(loaded, key, app, own.get(key)) for key in APP_VERBS}
    for key, url in urls.items():
        if url is not None:
            check_shared(key, url)
    return urls


def _url(loaded: Loaded, key: str, app: str | None, own: str | None) -> str | None:
    url: str | None = getattr(loaded.settings, key)
    source = loaded.sources[key]
    if own and source == DEFAULT:
        return own
    if url and own and own != url:
        verb = APP_VERBS[key]
        note = f"note: {app} {verb} {masked(own)}, but these workers serve {masked(url)} ({source})"
        click.echo(note, err=True)
    return url


def _urls_of(app: str) -> dict[str, str | None]:
    """Asked of a process of its own, which says what is wrong with the app."""
    command = [sys.executable, "-P", "-m", "taskmill.cli.app_urls", app]
    asked = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False, start_new_session=True
    )
    if asked.returncode == INVALID:
        sys.exit(INVALID)
    if not asked.stdout:
        raise InvalidSettings(f"the app {app} cannot be loaded: it ended its process ({asked.returncode})")
    urls: dict[str, str | None] = json.loads(asked.stdout)
    return urls


def ready_text(plan: Plan, file: Path | None = None) -> str:
    """Without secrets. `file`: the settings file that was read."""
    path = plan.store.removeprefix("sqlite:///")
    store = masked(plan.store) if path == plan.store else str(Path(path).absolute())
    lines = [f"Taskmill is up on {store}", *(f"  {line}" for line in _parts(plan))]
    lines += ["Try next, in another terminal:", *(f"  {line}" for line in _next(plan, file))]
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)


def _parts(plan: Plan) -> list[str]:
    lines = []
    if plan.server:
        lines.append(f"server   {_address(plan.server)}")
        if plan.server.login == "never":
            lines.append("login    none: whoever reaches the server may do everything")
    if plan.workers:
        served = ",".join(plan.settings.queues) if plan.settings.queues else "all queues"
        lines.append(f"workers  {plan.workers}, for {served}")
    if plan.broker:
        lines.append(f"broker   {masked(plan.broker)}")
    if plan.feed:
        lines.append(f"feed     {masked(plan.feed)}")
    return lines


def _next(plan: Plan, file: Path | None) -> list[str]:
    """Commands that work in any directory, as far as nobody reads a password from a command line."""
    urls = {"store": plan.store, "broker": plan.broker, "feed": plan.feed}
    flags = {key: f" --{key} {again(url)}" for key, url in urls.items() if url and masked(url) == url}
    config = f" --config {again(str(file))}" if file and len(flags) < len([url for url in urls.values() if url]) else ""
    store, where = config + flags.get("store", ""), config + "".join(flags.values())
    taskmill = program(another_terminal=True)
    queues = plan.settings.queues
    if plan.app or (queues and "default" not in queues):
        return [f"{taskmill} types{store}", f"{taskmill} watch{where}"]
    lines = [f'{taskmill} submit{where} -T math -P "1 + 2 * 5"', f"{taskmill} watch{where}"]
    if plan.server is None:
        return [*lines, f"{taskmill} types{store}"]
    url = f"{_address(plan.server)}/api/tasks"
    body = '{"task_type": "math", "parameters": {"expression": "1 + 2 * 5"}}'
    return [*lines, f"curl {url} -H 'Content-Type: application/json' -d '{body}'"]


def _address(server: ServerSettings) -> str:
    scheme = "https" if server.tls_certificate else "http"
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{scheme}://{host}:{server.port}{server.base_path}"
