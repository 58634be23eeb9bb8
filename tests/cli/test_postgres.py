"""The command line on PostgreSQL: every error tells the next step, and none a password; hosts share one store."""

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from taskmill.core.task import Task
from taskmill.plugins import handlers
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store, TaskFilter
from taskmill.stores.open import open_store
from taskmill.stores.postgres.schema import steps
from taskmill.testing.conformance.case import a_task, claimed, succeeded
from tests.cli.conftest import Call, call_real, free_port, read_until, running, stop, without
from tests.servers import PostgresServer
from tests.servers.postgres import execute

NEWEST = steps()[-1][0]

pytestmark = pytest.mark.slow

SECRET = "s3cr3t"


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = open_store(url)
    run(store.open())
    try:
        yield store
    finally:
        run(store.close())


def told(call: Call, url: str) -> str:
    """What `doctor` and `list` say of a store that cannot be used; both fail, and neither tells the password."""
    doctor, listed = call("doctor", "--store", url), call("list", "--store", url)
    assert doctor.exit_code == 1
    assert listed.exit_code in (2, 4)
    assert "hint:" in listed.stderr
    said = doctor.output + listed.output
    assert SECRET not in said
    assert "Traceback" not in said
    check, level, _, hint = doctor.stdout.splitlines()[0].split("\t")
    assert (check, level) == ("store connection", "failed")
    assert hint
    return said


def test_an_unreachable_server(call: Call) -> None:
    assert "cannot be reached" in told(call, f"postgresql://mill:{SECRET}@127.0.0.1:1/mill")


def test_a_name_that_no_host_has(call: Call) -> None:
    assert "check that the server runs" in told(call, f"postgresql://mill:{SECRET}@db.invalid/mill")


def test_a_database_that_is_not_there(call: Call, postgres_url: str) -> None:
    url = postgres_url.replace("postgres@", f"postgres:{SECRET}@") + "_none"
    assert "createdb" in told(call, url)


def test_an_encoding_that_cannot_keep_every_text(call: Call, postgres: PostgresServer) -> None:
    execute(postgres.url, "create database narrow template template0 encoding 'LATIN1' locale 'C'")
    try:
        url = postgres.url.rpartition("/")[0] + "/narrow"
        assert "has the encoding LATIN1" in told(call, url)
        migrated = call("migrate", "--store", url)
        assert migrated.exit_code == 2
        assert "createdb --template=template0 --encoding=UTF8" in migrated.stderr
    finally:
        execute(postgres.url, "drop database narrow")


def test_a_wrong_password(call: Call, postgres: PostgresServer) -> None:
    rules = postgres.data / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE mill LOGIN PASSWORD 'right'")
        try:
            rules.write_text(f"host all mill 127.0.0.1/32 scram-sha-256\n{before}")
            connection.execute("SELECT pg_reload_conf()")
            said = told(call, f"postgresql://mill:{SECRET}@127.0.0.1:{postgres.port}/postgres")
        finally:
            rules.write_text(before)
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP ROLE mill")
    assert "refused the password" in said


def test_a_server_that_does_not_answer_is_given_up_in_time(call: Call, postgres: PostgresServer) -> None:
    postgres.pause()
    said = call("doctor", "--store", postgres.url).stdout
    assert [line.split("\t")[:2] for line in said.splitlines()] == [["store connection", "failed"]], said


def test_a_server_that_dies_while_one_waits_is_one_error(call: Call, here: Path, postgres: PostgresServer) -> None:
    """Of the two that wait for the task, its follower and its result's waiter, one may speak."""
    with postgres.fresh() as url:
        with opened(url) as store:
            run(store.put_task_types([task.row() for task in handlers(None).values()]))
        with running("submit", "-T", "math", "-P", "1", "--store", url, cwd=here) as process:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("hint: no worker is serving this store")
            postgres.kill()
            errors = process.communicate(timeout=60)[1]
    assert process.returncode == 4
    assert "cannot be reached" in errors
    assert errors.count("\n") == 2, errors


def test_a_wrong_scheme(call: Call) -> None:
    assert "did you mean postgresql://?" in told(call, f"postgres://mill:{SECRET}@db/mill")


def test_an_extra_that_is_not_installed(tmp_path: Path) -> None:
    said = without("asyncpg", "doctor", "--store", f"postgresql://u:{SECRET}@h/db", cwd=tmp_path)
    assert 'pip install "taskmill[postgres]"' in said
    assert SECRET not in said


def test_migrate_and_a_sound_store(call: Call, postgres_url: str) -> None:
    assert call("migrate", "--check", "--store", postgres_url).stdout == f"needed: schema 0 → {NEWEST}\n"
    assert call("migrate", "--store", postgres_url).stdout == f"done: schema 0 → {NEWEST}\n"
    assert call("migrate", "--check", "--store", postgres_url).exit_code == 0
    document = json.loads(call("doctor", "--json", "--store", postgres_url).stdout)
    assert document["sound"] is True
    assert {"check": "store clock", "level": "ok", "found": "agrees with that of this machine"} in document["findings"]
    assert not [finding for finding in document["findings"] if finding["check"] in ("store disk", "store log")]


def test_a_file_is_copied_into_a_database_and_back(call: Call, tmp_path: Path, postgres_url: str) -> None:
    file, back = f"sqlite:///{tmp_path}/old.db", f"sqlite:///{tmp_path}/back.db"
    with opened(file) as store:
        claims = _claimed(store, 300)
        run(store.save([succeeded(claim, kept=True) for claim in claims]))
        run(store.add([a_task(key=f"key {i}", tags=["ü"], queue="mail") for i in range(700)]))
        run(store.pause("mail", True))
    assert "1000 copied" in call("copy", "--from", file, "--to", postgres_url).stdout
    assert "0 copied, 1000 there already" in call("copy", "--from", file, "--to", postgres_url).stdout
    assert "1000 copied" in call("copy", "--from", postgres_url, "--to", back).stdout
    contents = [_content(url) for url in (file, postgres_url, back)]
    assert contents[0] == contents[1] == contents[2]


def test_servers_and_workers_of_several_hosts_share_a_database(tmp_path: Path, postgres_url: str) -> None:
    """Each in a working directory of its own, as on a host of its own."""
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        for host, port in enumerate(ports):
            (tmp_path / str(host)).mkdir()
            for args in (["server", "--port", str(port)], ["worker", "--workers", "1"]):
                process = running(*args, "--store", postgres_url, cwd=tmp_path / str(host))
                read_until(stack.enter_context(process), "Ctrl-C")
        ids = [_post(ports[i % 2], f"{i} + 1") for i in range(20)]
        results = [_result(ports[(i + 1) % 2], id) for i, id in enumerate(ids)]
        found = json.loads(call_real("workers", "--json", "--store", postgres_url, cwd=tmp_path).stdout)
    assert results == [i + 1 for i in range(20)]
    assert [worker["alive"] for worker in found] == [True, True]


def test_a_password_is_nowhere_to_be_seen(tmp_path: Path, postgres_url: str) -> None:
    """Not in what is said, and not in what anybody may read of the processes."""
    secret = tmp_path / "store"
    secret.write_text(postgres_url.replace("postgres@", f"postgres:{SECRET}@"))
    (tmp_path / "taskmill.toml").write_text(f'store_file = "{secret}"\nport = {free_port()}\nworkers = 1\n')
    with running("up", cwd=tmp_path) as process:
        said = read_until(process, "Ctrl-C")
        lines = subprocess.run(["ps", "-axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        shown = call_real("config", "check", cwd=tmp_path)
        submitted = call_real("submit", "-T", "math", "-P", "1 + 2 * 5", cwd=tmp_path)
        errors = stop(process, signal.SIGTERM)
    assert "taskmill.supervisor.worker" in lines
    assert SECRET not in said + lines + errors + shown.stdout + shown.stderr
    assert "postgres:***@" in said
    assert "postgres:***@127.0.0.1" in shown.stdout
    assert submitted.stdout == "11\n"


def _claimed(store: Store, count: int) -> list[Task]:
    return [Task(*claim) for claim in run(claimed(store, *(a_task() for _ in range(count))))]


def _content(url: str) -> object:
    with opened(url) as store:
        tasks = run(store.find(TaskFilter(), 2000)).tasks
        attempts = [run(store.attempts(task.spec.id)) for task in tasks]
        return tasks, attempts, [(row.name, row.paused) for row in run(store.queues())]


def _post(port: int, expression: str) -> str:
    body = json.dumps({"task_type": "math", "parameters": {"expression": expression}}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/tasks", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["id"])


def _result(port: int, id: str) -> object:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/tasks/{id}/result?wait=20") as answer:
        return json.load(answer)["result"]
