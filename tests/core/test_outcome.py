import json
from datetime import timedelta
from typing import Any

import pytest

from taskmill.core.outcome import Cancel, Fail, Failure, Retry, Snooze


def test_a_failure_is_stored_without_its_empty_fields() -> None:
    assert json.loads(Failure("exception", "ValueError", "no").to_json()) == {
        "code": "exception",
        "type": "ValueError",
        "message": "no",
    }
    assert json.loads(Failure("exception", "ValueError", "no", "Traceback …").to_json())["traceback"] == "Traceback …"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Retry(), "the handler asked for a retry"),
        (Retry(5, "busy"), "busy"),
        (Snooze(2.5), "snoozed for 2.5 s"),
        (Cancel(), "cancelled by its handler"),
        (Cancel("not needed"), "not needed"),
        (Fail(), "failed by its handler"),
        (Fail("no such order"), "no such order"),
    ],
)
def test_what_a_handler_raises_says_why(outcome: Exception, said: str) -> None:
    assert str(outcome) == said


def test_a_delay_is_seconds_or_a_timedelta() -> None:
    assert (Snooze(timedelta(minutes=1)).delay, str(Snooze(timedelta(minutes=1)))) == (60.0, "snoozed for 60.0 s")
    assert (Retry(timedelta(milliseconds=5)).delay, Retry(delay=3).delay, Retry().delay) == (0.005, 3.0, None)


@pytest.mark.parametrize("delay", ["5", True, [1], 5j])
def test_what_is_no_delay_says_so(delay: Any) -> None:
    for ask in (Snooze, Retry):
        with pytest.raises(TypeError, match="must be seconds or a timedelta"):
            ask(delay)
