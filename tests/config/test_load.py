"""Settings: where they come from, which source wins, and everything that can be wrong with them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.config.load import Loaded, load, settings
from taskmill.config.settings import SETTINGS, Settings
from taskmill.core.errors import InvalidSettings


def read(directory: Path, environ: dict[str, str] | None = None, **flags: object) -> Loaded:
    return load(flags, environ=environ or {}, directory=directory)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_said_gives_the_defaults(tmp_path: Path) -> None:
    loaded = read(tmp_path)
    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {"default"}
    assert not loaded.findings


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "taskmill.toml", "port = 1\nslots = 1\nworkers = 1\n")
    loaded = read(tmp_path, {"TASKMILL_PORT": "2", "TASKMILL_SLOTS": "2"}, port=3)
    assert (loaded.settings.port, loaded.settings.slots, loaded.settings.workers) == (3, 2, 1)
    assert [loaded.sources[key] for key in ("port", "slots", "workers")] == ["--port", "TASKMILL_SLOTS", str(file)]


def test_saying_the_default_is_not_the_same_as_saying_nothing(tmp_path: Path) -> None:
    write(tmp_path / "taskmill.toml", "port = 9000\n")
    loaded = read(tmp_path, port=8000)
    assert loaded.settings.port == 8000
    assert read(tmp_path, port=None).settings.port == 9000


@pytest.mark.parametrize("name", ["taskmill.yaml", "config.yaml"])
def test_yaml_says_the_same_as_toml(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "store: sqlite:///a.db\nqueues: [mail, default]\nretention:\n  failed: 2d\nlease: 20\n")
    values = read(tmp_path).settings
    assert (values.store, values.queues) == ("sqlite:///a.db", ("mail", "default"))
    assert (values.retention_failed, values.lease) == (172_800.0, 20.0)


def test_a_table_only_groups(tmp_path: Path) -> None:
    write(tmp_path / "taskmill.toml", 'retention_failed = "1h"\n[retention]\nsucceeded = "90m"\n')
    values = read(tmp_path).settings
    assert (values.retention_failed, values.retention_succeeded) == (3600.0, 5400.0)


def test_lists_in_the_environment_are_separated_by_commas(tmp_path: Path) -> None:
    assert read(tmp_path, {"TASKMILL_QUEUES": "mail, default"}).settings.queues == ("mail", "default")


def test_the_first_file_wins_and_the_other_is_named(tmp_path: Path) -> None:
    write(tmp_path / "taskmill.toml", "port = 1\n")
    other = write(tmp_path / "config.yaml", "something: else\n")
    loaded = read(tmp_path)
    assert loaded.settings.port == 1
    assert loaded.unread == [other]
    assert not loaded.findings


def test_a_file_can_be_named(tmp_path: Path) -> None:
    file = write(tmp_path / "other.toml", "port = 1\n")
    assert load(file=file, environ={}, directory=tmp_path).settings.port == 1
    assert load(environ={"TASKMILL_CONFIG": str(file)}, directory=tmp_path).settings.port == 1


def test_all_findings_come_at_once_with_place_and_remedy(tmp_path: Path) -> None:
    write(tmp_path / "taskmill.toml", 'prt = 1\nport = "many"\n[retention]\nfailed = "never"\n')
    loaded = read(tmp_path, {"TASKMILL_WORKER": "3", "TASKMILL_LEASE": "0"}, slots=0)
    found = [f"{finding.where.removeprefix(str(tmp_path) + '/')} {finding.what}" for finding in loaded.findings]
    assert found == [
        "taskmill.toml: prt no such setting; did you mean port?",
        "TASKMILL_WORKER no such setting; did you mean TASKMILL_WORKERS?",
        "taskmill.toml: port must be a whole number from 1 to 65535, not 'many'",
        "taskmill.toml: retention_failed must be a duration from 1s to 3650d "
        '(seconds, or text like "15s", "5m", "7d"), not \'never\'',
        'TASKMILL_LEASE must be a duration from 1s to 1h (seconds, or text like "15s", "5m", "7d"), not \'0\'',
        "--slots must be a whole number from 1 to 10000, not 0",
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("taskmill.toml", "port = ", "can't be read"),
        ("taskmill.yaml", "a: [", "can't be read"),
        ("taskmill.yaml", "- 1\n", "must hold keys and values"),
        ("taskmill.toml", "port = true\n", "whole number"),
        ("taskmill.toml", "lease = nan\n", "duration"),
        ("taskmill.toml", "store = 1\n", "store URL"),
        ("taskmill.toml", "queues = []\n", "list of queue names"),
        ("taskmill.toml", 'queues = ["a", 1]\n', "list of queue names"),
        ("taskmill.toml", 'durability = "perhaps"\n', "one of power, process"),
        ("config.yaml", "services: {}\nweb: 1\n", "if this file is not Taskmill's"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, name: str, content: str, says: str) -> None:
    write(tmp_path / name, content)
    assert any(says in finding.what for finding in read(tmp_path).findings)


def test_a_missing_or_binary_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name, says in [("none.toml", "No such file"), ("binary.toml", "can't be read"), (".", "can't be read")]:
        [finding] = load(file=tmp_path / name, environ={}, directory=tmp_path).findings
        assert says in finding.what


def test_an_empty_file_is_fine(tmp_path: Path) -> None:
    write(tmp_path / "taskmill.yaml", "")
    write(tmp_path / "taskmill.toml", "")
    assert not read(tmp_path).findings
    assert not load(file=tmp_path / "taskmill.yaml", environ={}).findings


def test_settings_raises_with_every_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSettings, match=r"--port: must be a whole number.*1 more") as refused:
        settings({"port": -1, "slots": 0})
    assert [problem.path for problem in refused.value.problems] == ["--port", "--slots"]


def test_every_setting_takes_its_own_default() -> None:
    for setting in SETTINGS.values():
        if setting.default != ():
            assert setting.check(setting.default) == setting.default


def test_urls_with_passwords_may_be_in_files_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "taskmill.toml", f'store = "sqlite:///a.db"\nbroker_file = "{tmp_path}/broker"\n')
    for key in ("store", "broker", "feed"):
        write(tmp_path / key, f"{key}://u:secret@h\n")
    files = {f"TASKMILL_{key.upper()}_FILE": str(tmp_path / key) for key in ("store", "feed")}
    loaded = read(tmp_path, files, feed="redis://h")
    assert not loaded.findings
    assert loaded.settings.store == "store://u:secret@h"
    assert loaded.settings.broker == "broker://u:secret@h"
    assert loaded.settings.feed == "redis://h"
    assert [loaded.sources[key] for key in ("store", "feed")] == [str(tmp_path / "store"), "--feed"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't be read: No such file"),
        (b"\xff", "can't be read: not text"),
        (b" \n", "must hold one line of text"),
    ],
)
def test_a_file_without_a_secret_is_told(tmp_path: Path, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / "store").write_bytes(content)
    [finding] = read(tmp_path, {"TASKMILL_STORE_FILE": str(tmp_path / "store")}).findings
    assert finding.where == "TASKMILL_STORE_FILE"
    assert says in finding.what


@given(st.dictionaries(st.sampled_from([s.variable for s in SETTINGS.values()]), st.text(max_size=40), max_size=5))
def test_any_environment_gives_settings_or_findings(environ: dict[str, str]) -> None:
    loaded = load(environ=environ, directory=Path("/nonexistent"))
    told = {finding.where for finding in loaded.findings}
    assert all((loaded.sources[name.removeprefix("TASKMILL_").lower()] == name) != (name in told) for name in environ)
