"""`python -m taskmill.cli.app_urls tasks:app`: load an app, or say why not, and print its URLs as JSON.

`taskmill up` runs it in a process of its own, because an app may import much that a supervisor should not carry.
"""

import contextlib
import json
import os
import sys

from taskmill.cli.errors import report
from taskmill.core.errors import TaskmillError
from taskmill.sdk.loading import load_app


def main() -> int:
    answer = os.dup(1)
    os.dup2(2, 1)  # what the app prints is for people
    try:
        app = load_app(sys.argv[1])
        urls = {"store": app.store, "broker": app.broker, "feed": app.feed}
        with contextlib.suppress(BrokenPipeError):  # who asked is gone
            os.write(answer, json.dumps(urls).encode())
    except TaskmillError as error:
        return report(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
