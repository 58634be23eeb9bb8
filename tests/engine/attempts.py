"""The child of the process executor in these tests."""

import handlers  # type: ignore[import-not-found]
import misbehaving  # type: ignore[import-not-found]

from taskmill.executors.child import Pipe, serve

if __name__ == "__main__":
    serve(Pipe(), {**handlers.app.tasks, **misbehaving.app.tasks})
