"""A child of the process executor: `python -m taskmill.supervisor.attempts APP LOG_LEVEL`."""

import signal
import sys

from taskmill.catalogue import handlers
from taskmill.engine.logs import capture
from taskmill.executors.child import Pipe, serve
from taskmill.sdk.loading import load_app
from taskmill.supervisor.childhood import guarded, log_as


def main() -> None:
    app, log_level = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Pipe()  # before the app is imported, which may print
    log_as("attempt", log_level)
    capture()
    guarded(lambda: serve(pipe, handlers(load_app(app) if app else None)))


if __name__ == "__main__":
    main()
