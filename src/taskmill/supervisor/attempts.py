"""A child of the process executor: `python -m taskmill.supervisor.attempts APP LOG_LEVEL`."""

import signal
import sys

import msgspec

from taskmill.catalogue import handlers, settings
from taskmill.config.catalogue import CatalogueConfig
from taskmill.engine.worker.logs import capture
from taskmill.executors.child import Pipe, serve
from taskmill.sdk.loading import load_app
from taskmill.supervisor.bootstrap import guarded, log_as


def main() -> None:
    app, log_level = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Pipe()  # before the app is imported, which may print
    log_as("attempt", log_level)
    capture()
    _hear_settings(pipe)
    guarded(lambda: serve(pipe, handlers(load_app(app) if app else None)))


def _hear_settings(pipe: Pipe) -> None:
    told = pipe.receive()
    if told is None:
        sys.exit("this process is started by a worker")
    config, store, durability = told
    settings.use(settings.from_config(msgspec.convert(config, CatalogueConfig), store, durability))


if __name__ == "__main__":
    main()
