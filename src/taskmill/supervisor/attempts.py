"""A child of the process executor: `python -m taskmill.supervisor.attempts APP LOG_LEVEL`."""

import asyncio
import signal
import sys

import msgspec

from taskmill.config.catalogue import Configuration, secrets_of
from taskmill.engine.worker.logs import capture, capture_all_of
from taskmill.engine.worker.withheld import withhold
from taskmill.executors.child import Pipe, serve
from taskmill.plugins import configure, handlers
from taskmill.sdk.loading import load_app
from taskmill.supervisor.bootstrap import run_or_exit
from taskmill.supervisor.forks import ignore, open_descriptors, separate_forks
from taskmill.supervisor.output import configure_output


def main() -> None:
    app, log_level = sys.argv[1:]
    # Whoever stops the whole group means the worker, which lets its attempts end.
    ignore(signal.SIGINT, signal.SIGTERM)
    pipe = Pipe()  # before the app is imported, which may print
    configure_output("attempt", log_level)
    capture()
    first = pipe.receive()
    if first is None:
        sys.exit("this process is started by a worker")
    configuration = msgspec.convert(first, Configuration)
    withhold(secrets_of(configuration.catalogue))  # of what is printed: what is stored goes through the worker
    run_or_exit(lambda: _serve(pipe, app, configuration))


def _serve(pipe: Pipe, app: str, configuration: Configuration) -> None:
    configure(configuration)
    served, before = handlers(load_app(app) if app else None, configuration.disabled_types), open_descriptors()
    capture_all_of(served.values())
    loop = asyncio.new_event_loop()
    separate_forks([one for one in open_descriptors() if one.fd in pipe.descriptors or one not in before])
    serve(pipe, served, loop)


if __name__ == "__main__":
    main()
