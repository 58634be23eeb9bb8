import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.core import machine
from taskmill.core.errors import InvalidRequest
from taskmill.core.limits import TEN_YEARS
from taskmill.core.outcome import Raised
from taskmill.core.retry import DEFAULT, RetryPolicy
from taskmill.core.task import SECOND
from taskmill.executors.call import raised as as_outcome
from tests.core.machines import running, spec

seconds = st.floats(0, TEN_YEARS)
policies = st.builds(
    RetryPolicy,
    growth=st.sampled_from(["fixed", "linear", "exponential"]),
    base=seconds,
    cap=seconds,
    jitter=st.sampled_from(["none", "full", "equal"]),
    give_up_on=st.lists(st.from_regex(r"[a-z]+(\.[A-Z][a-z]*)*", fullmatch=True), max_size=3).map(tuple),
)
chances = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("growth", "delays"),
    [("fixed", [2, 2, 2, 2]), ("linear", [2, 4, 6, 8]), ("exponential", [2, 4, 8, 16])],
)
def test_growth(growth: Any, delays: list[int]) -> None:
    policy = RetryPolicy(growth, base=2, jitter="none")
    assert [policy.delay(attempt, 0.5) for attempt in (1, 2, 3, 4)] == [delay * SECOND for delay in delays]


@pytest.mark.parametrize(("jitter", "least", "most"), [("none", 10, 10), ("full", 0, 10), ("equal", 5, 10)])
def test_jitter_spreads_between_its_bounds(jitter: Any, least: int, most: int) -> None:
    policy = RetryPolicy("fixed", base=10, jitter=jitter)
    assert policy.delay(1, 0.0) == least * SECOND
    assert policy.delay(1, 1.0) == most * SECOND


@given(policies, st.integers(1, 10**9), chances)
def test_a_delay_is_never_negative_and_never_over_the_cap(policy: RetryPolicy, attempt: int, chance: float) -> None:
    assert 0 <= policy.delay(attempt, chance) <= round(policy.cap * SECOND)


@given(policies, st.integers(1, 100))
def test_without_jitter_a_later_attempt_never_waits_less(policy: RetryPolicy, attempt: int) -> None:
    plain = dataclasses.replace(policy, jitter="none")
    assert plain.delay(attempt, 0) <= plain.delay(attempt + 1, 0)


@given(policies)
def test_a_policy_survives_its_json(policy: RetryPolicy) -> None:
    assert RetryPolicy.from_json(policy.to_json()) == policy


def test_no_json_is_the_default() -> None:
    assert RetryPolicy.from_json(None) == DEFAULT
    assert DEFAULT.to_json() == "{}"


def test_keys_of_a_newer_release_are_ignored() -> None:
    assert RetryPolicy.from_json('{"base": 3, "colour": "red"}') == RetryPolicy(base=3)


def test_the_default_grows_from_half_a_second_to_an_hour() -> None:
    assert DEFAULT.delay(1, 0.0) == SECOND // 2
    assert DEFAULT.delay(1000, 1.0) == 3600 * SECOND


def test_a_task_without_a_policy_waits_by_the_default() -> None:
    assert machine.retry_delay(spec(), running(spec()), 0.5) == DEFAULT.delay(1, 0.5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"growth": "cubic"}, "fixed, linear, exponential"),
        ({"jitter": "some"}, "none, full, equal"),
        ({"base": -1}, "ten years"),
        ({"base": float("nan")}, "ten years"),
        ({"cap": float("inf")}, "ten years"),
        ({"base": True}, "ten years"),
        ({"cap": "1h"}, "ten years"),
        ({"give_up_on": 5}, r"give_up_on 5 must be exception classes or their names, as in \(ValueError, "),
        ({"give_up_on": (5,)}, "give_up_on holds 5: it must be exception classes"),
        ({"give_up_on": (int,)}, "give_up_on holds <class 'int'>: it must be exception classes"),
        ({"give_up_on": ValueError("no")}, "must be exception classes"),
        ({"give_up_on": "Value Error"}, "give_up_on holds 'Value Error'"),
        ({"give_up_on": ("ValueError()",)}, r"give_up_on holds 'ValueError\(\)'"),
        ({"give_up_on": ""}, "give_up_on holds ''"),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        RetryPolicy(**wrong)


def test_giving_up_looks_at_the_class_and_its_bases() -> None:
    policy = RetryPolicy(give_up_on=("LookupError", "app.Refused"))
    assert policy.gives_up_on(("KeyError", "LookupError", "Exception"))
    assert policy.gives_up_on(["Refused", "app.Refused"])
    assert not policy.gives_up_on(("ValueError", "Exception"))
    assert not DEFAULT.gives_up_on(("ValueError", "Exception"))


class Refused(Exception):
    class Inner(Exception):
        pass


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ((), ()),
        ("ValueError", ("ValueError",)),
        (ValueError, ("ValueError",)),
        ((ValueError, "app.Refused"), ("ValueError", "app.Refused")),
        ([KeyError], ("KeyError",)),
        ({OSError}, ("OSError",)),
        (Refused, (f"{__name__}.Refused",)),
        (Refused.Inner, (f"{__name__}.Refused.Inner",)),
        (json.JSONDecodeError, ("json.decoder.JSONDecodeError",)),
    ],
)
def test_what_to_give_up_on_is_said_by_classes_or_names(given: Any, names: tuple[str, ...]) -> None:
    assert RetryPolicy(give_up_on=given).give_up_on == names


@pytest.mark.parametrize("given", ["ValueError", ValueError, (ValueError,), ("ValueError",), Refused, Refused.Inner])
def test_the_exception_that_was_said_is_given_up_on(given: Any) -> None:
    raised = next(iter(given)) if isinstance(given, tuple) else given
    outcome = as_outcome((ValueError if isinstance(raised, str) else raised)("no"))
    assert isinstance(outcome, Raised)
    assert RetryPolicy(give_up_on=given).gives_up_on(outcome.kinds)
    assert not RetryPolicy(give_up_on=OSError).gives_up_on(outcome.kinds)
