"""`python -m taskmill` is `taskmill`."""

import sys


def start() -> None:
    """Ctrl-C is no reason for a traceback, also while the commands are still being loaded."""
    try:
        from taskmill.cli.main import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    start()
