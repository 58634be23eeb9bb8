import json

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
