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
    if not sys.flags.safe_path:
        sys.path.pop(0)  # the working directory: an `email.py` there would take the place of Python's own
    start()
