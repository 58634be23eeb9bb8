"""A child of the process executor: `python -m taskmill.supervisor.attempts APP LOG_LEVEL`."""

import signal
import sys

import msgspec

from taskmill.config.catalogue import Configuration, secrets_of
from taskmill.engine.worker.logs import capture, capture_all_of
from taskmill.engine.worker.withheld import withhold
from taskmill.executors.child import Pipe, serve
from taskmill.plugins import configure, handlers
from taskmill.sdk.loading import load_app
from taskmill.supervisor.bootstrap import configure_logging, run_or_exit


def main() -> None:
    app, log_level = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Pipe()  # before the app is imported, which may print
    configure_logging("attempt", log_level)
    capture()
    first = pipe.receive()
    if first is None:
        sys.exit("this process is started by a worker")
    configuration = msgspec.convert(first, Configuration)
    withhold(secrets_of(configuration.catalogue))  # of what is printed: what is stored goes through the worker
    run_or_exit(lambda: _serve(pipe, app, configuration))


def _serve(pipe: Pipe, app: str, configuration: Configuration) -> None:
    configure(configuration)
    served = handlers(load_app(app) if app else None, configuration.disabled_types)
    capture_all_of(served.values())
    serve(pipe, served)


if __name__ == "__main__":
    main()
