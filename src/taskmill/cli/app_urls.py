"""`python -m taskmill.cli.app_urls tasks:app`: load an app, or say why not, and print its URLs as JSON.

`taskmill up` runs it in a process of its own, because an app may import much that a supervisor should not carry.
"""

import importlib
import json
import sys
import traceback
from pathlib import Path
from types import TracebackType

import taskmill
from taskmill.cli.errors import report, say
from taskmill.core.errors import TaskmillError
from taskmill.sdk.loading import load_app
from taskmill.service.errors import INVALID

IMPORTING = (str(Path(taskmill.__file__).parent), importlib.__file__, "<frozen importlib")


def main() -> int:
    try:
        app = load_app(sys.argv[1])
        print(json.dumps({"store": app.store, "broker": app.broker, "feed": app.feed}))
    except TaskmillError as error:
        return report(error)
    except Exception as error:
        traceback.print_exception(error.with_traceback(_theirs(error.__traceback__)))
        say(f"the app {sys.argv[1]} cannot be loaded: {type(error).__name__}: {error}")
        return INVALID
    return 0


def _theirs(trace: TracebackType | None) -> TracebackType | None:
    """From the first line of the app's own code on."""
    while trace and trace.tb_frame.f_code.co_filename.startswith(IMPORTING):
        trace = trace.tb_next
    return trace


if __name__ == "__main__":
    sys.exit(main())
