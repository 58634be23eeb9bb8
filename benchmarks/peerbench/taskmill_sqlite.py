"""taskmill on an SQLite file, every setting at its default: results stored, commits that survive a power cut."""

import os
import sys

import apsw
from bodies import ASYNC
from settings import RUN, VARIANT

from taskmill import App

PKGS = ["taskmill", "apsw", "msgspec"]
USES = []
RESULTS = VARIANT != "sync"  # peerbench reads results inside its event loop, where a synchronous wait is refused
VARIANTS = {
    "default": {"note": "taskmill worker --workers 2, asynchronous API in the producer"},
    "sync": {"note": "taskmill worker --workers 2, synchronous API in the producer"},
}
FILE = os.path.join(RUN, "taskmill.db")
app = App(f"sqlite:///{FILE}")
TASKS = {kind: app.task(name=kind)(body) for kind, body in ASYNC.items()}


def workers():
    return [
        [
            sys.executable,
            "-m",
            "taskmill",
            "worker",
            f"{__name__}:app",
            "--store",
            f"sqlite:///{FILE}",
            "--workers",
            "2",
        ]
    ]


def submit_many(kind, ids):
    task = TASKS[kind]
    return task.enqueue_many([task.call(i) for i in ids])


if VARIANT == "sync":

    def submit(kind, i):
        return TASKS[kind].enqueue(i)

else:

    async def submit(kind, i):
        return await TASKS[kind].aenqueue(i)

    async def result(handle):
        return await handle.aresult(timeout=30)


def purge():
    if os.path.exists(FILE):
        db = apsw.Connection(FILE)
        db.set_busy_timeout(10_000)
        db.execute("delete from task")
        db.close()


async def shutdown():
    await app.aclose()
