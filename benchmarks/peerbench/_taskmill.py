"""What the adapters of taskmill on PostgreSQL share: every setting at its default, so results are stored."""

import sys

import psycopg
from bodies import ASYNC
from settings import PG

from taskmill import App

PKGS = ["taskmill", "asyncpg", "msgspec"]
NOTE = "taskmill worker --workers 2, asynchronous API in the producer"


def build(broker=None):
    app = App(PG, broker=broker)
    return app, {kind: app.task(name=kind)(body) for kind, body in ASYNC.items()}


def workers(module, broker=None):
    command = [sys.executable, "-m", "taskmill", "worker", f"{module}:app", "--store", PG, "--workers", "2"]
    return [[*command, "--broker", broker] if broker else command]


def many(task, ids):
    return task.aenqueue_many([task.call(i) for i in ids])


def purge():
    with psycopg.connect(PG, autocommit=True) as connection:
        if connection.execute("select to_regclass('taskmill.task')").fetchone()[0]:
            connection.execute("truncate taskmill.task, taskmill.attempt")
