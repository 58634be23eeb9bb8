"""What the page on watching says of RabbitMQ runs as it stands, against a real one."""

import sys
from pathlib import Path

import pytest

from tests.examples.page import ROOT, files
from tests.examples.running import ID, shell, up

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs/how-to/watch-live.md"
BIN = Path(sys.executable).parent
URL = "amqp://guest:guest@localhost:5672/%2F"


def test_the_status_of_a_task_over_rabbitmq(tmp_path: Path, amqp_url: str) -> None:
    for name in ("tasks.py", "ask_status.py"):
        [code] = files(PAGE, name)
        (tmp_path / name).write_text(code.replace(URL, amqp_url))
    with up(tmp_path, BIN, "tasks:app", "--feed", amqp_url) as running:
        [id] = ID.findall(running.shell("taskmill submit -T load -P orders.csv --no-wait --delay 60"))
        status, said = shell(f"python ask_status.py {id}", tmp_path, BIN)
        assert (status, f"'id': '{id}', 'state': 'scheduled'" in said) == (0, True), said
        status, said = shell(f"python ask_status.py {id[:-1]}", tmp_path, BIN)
        assert (status, "not_found" in said) == (0, True), said
