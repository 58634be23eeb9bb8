"""`up`, `server` and `worker`: run Taskmill until Ctrl-C."""

from typing import Any

import click

from taskmill.cli.options import setting_options

STORE = ("store", "broker", "feed", "durability")
SERVER = ("host", "port", "cors")
WORKER = ("profile", "workers", "queues", "slots", "lease", "grace", "poll")

_app = click.argument("app", required=False, metavar="[APP]")


@click.command()
@_app
@setting_options(*STORE, *SERVER, *WORKER, "log_level")
@click.option("--reload", is_flag=True, help="Start the workers again when a Python file here changes.")
def up(reload: bool, **given: Any) -> None:
    """Run the server and its workers.

    They are processes of one supervised tree, which Ctrl-C ends. APP is where your task types are, as
    module:attribute (tasks:app). Without it, those that ship with Taskmill run.
    """
    _supervise(given, server=True, workers=True, reload=reload)


@click.command()
@setting_options(*STORE, *SERVER, "log_level")
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
    from taskmill.cli.banner import ready_text
    from taskmill.cli.planning import plan
    from taskmill.config.load import load, refuse
    from taskmill.supervisor.run import supervise

    loaded = load(given, file=given.pop("config"))
    refuse(loaded.findings)
    made = plan(loaded, server=server, workers=workers)._replace(reload=reload)
    code = supervise(made, on_ready=lambda: click.echo(ready_text(made)))
    click.get_current_context().exit(code)
