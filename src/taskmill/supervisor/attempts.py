"""A child of the process executor: `python -m taskmill.supervisor.attempts APP`."""

import signal
import sys

from taskmill.catalogue import handlers
from taskmill.executors.child import Pipe, serve
from taskmill.sdk.loading import load_app


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Pipe()  # before the app is imported, which may print
    serve(pipe, handlers(load_app(sys.argv[1]) if sys.argv[1] else None))


if __name__ == "__main__":
    main()
