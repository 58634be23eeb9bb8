"""Settings written out for people: durations as one writes them, secrets masked."""

import pytest

from taskmill.config.fields import seconds_of, written
from taskmill.config.load import load
from taskmill.config.masking import masked
from taskmill.config.reference import effective, markdown
from taskmill.config.settings import SETTINGS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:secret@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:se@cr:et@h/db", "postgresql://u:***@h/db"),
        ("amqp://:secret@h", "amqp://:***@h"),
        ("redis://h/0?password=secret&x=1", "redis://h/0?password=***&x=1"),
        ("sqlite:///taskmill.db", "sqlite:///taskmill.db"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [(15, 15.0), ("15", 15.0), ("15s", 15.0), ("500ms", 0.5), ("5m", 300.0), ("1.5h", 5400.0), ("7d", 604_800.0)],
)
def test_durations_are_seconds_or_text(raw: object, seconds: float) -> None:
    assert seconds_of(raw) == seconds
    assert seconds_of(written(seconds)) == seconds


@pytest.mark.parametrize("raw", [True, None, "", "soon", "-5s", "5 minutes", [1], "1e3"])
def test_anything_else_is_no_duration(raw: object) -> None:
    assert seconds_of(raw) is None


def test_the_effective_settings_name_their_source_and_hide_secrets() -> None:
    loaded = load({"store": "postgresql://u:secret@h/db"}, environ={"TASKMILL_RETENTION_FAILED": "48h"})
    rows = {key: (value, source) for key, value, source in effective(loaded)}
    assert rows["store"] == ("postgresql://u:***@h/db", "--store")
    assert rows["retention_failed"] == ("2d", "TASKMILL_RETENTION_FAILED")
    assert rows["queues"] == ("", "default")


def test_the_reference_holds_every_setting() -> None:
    assert all(f"| `{key}` |" in markdown() and setting.variable in markdown() for key, setting in SETTINGS.items())
