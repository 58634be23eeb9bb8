"""`python -m taskmill.cli.app_store tasks:app`: load an app, or say why not, and print the URL of its store."""

import sys

from taskmill.cli import failures
from taskmill.core.errors import TaskmillError
from taskmill.sdk.loading import load_app


def main() -> int:
    try:
        print(load_app(sys.argv[1]).store)
    except TaskmillError as error:
        return failures.report(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
