"""`config check`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_shows_every_setting_with_its_source(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taskmill.toml").write_text('store = "sqlite:///a.db"\n')
    (tmp_path / "config.yaml").write_text("port: 1\n")
    monkeypatch.setenv("TASKMILL_PORT", "9000")
    result = call("config", "check")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert "store\tsqlite:///a.db\ttaskmill.toml" in lines
    assert "port\t9000\tTASKMILL_PORT" in lines
    assert "lease\t15s\tdefault" in lines
    assert result.stderr == "note: config.yaml is not read, because taskmill.toml is there\n"


def test_it_shows_every_finding_and_no_secret(call: Call, tmp_path: Path) -> None:
    urls = "store: postgres://u:secret@h/db\nbroker: ampq://u:secret@h\nfeed: kafka://u:secret@h\n"
    (tmp_path / "config.yaml").write_text(f"{urls}prt: 1\nport: no\nlease: [1]\nbrokr: a\n")
    result = call("config", "check")
    assert result.exit_code == 2
    assert "secret" not in result.output + call("config", "check", "--json").output
    assert all(f"config.yaml: {key}" in result.stderr for key in ("prt", "port", "lease", "store", "broker", "feed"))
    assert "'postgres://…@h/db' is not the URL of a store; did you mean postgresql://?" in result.stderr
    assert "'ampq://…@h' is not the URL of a broker; did you mean amqp://?" in result.stderr
    assert "'kafka://…@h' is not the URL of a live feed; known are redis://" in result.stderr
    assert "brokr: no such setting; did you mean broker?" in result.stderr


def test_json_holds_settings_and_findings(call: Call, tmp_path: Path) -> None:
    (tmp_path / "taskmill.toml").write_text("port = 0\n")
    result = call("config", "check", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert document["settings"]["port"] == {"value": "8000", "source": "default"}
    assert [finding["where"] for finding in document["findings"]] == ["taskmill.toml: port"]


def test_a_secret_whose_file_cannot_be_read_is_found(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taskmill.toml").write_text('[smtp]\npassword_file = "nowhere"\n')
    result = call("config", "check")
    assert result.exit_code == 2
    assert "taskmill.toml: smtp_password_file" in result.stderr
    assert "nowhere can't be read: No such file" in result.stderr
