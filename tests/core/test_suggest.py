"""What is said to a name that nobody knows."""

import time

import pytest

from taskmill.core.suggest import LISTED, did_you_mean, near_names, nearest

TYPES = ("math", "message", "sleep")
MANY = [f"name{number:02}" for number in range(LISTED + 1)]


def test_the_nearest_comes_first() -> None:
    assert nearest("mth", TYPES) == ["math"]
    assert nearest("maths", ["myth", "math", "sleep"], most=2) == ["math", "myth"]
    assert nearest("zzz", TYPES) == []
    assert nearest("mth", TYPES, cutoff=0.9) == []


def test_a_question_or_what_to_say_instead() -> None:
    assert did_you_mean("mth", TYPES, "nothing") == "did you mean math?"
    assert did_you_mean("zzz", TYPES, "nothing") == "nothing"
    assert did_you_mean("maths", ["myth", "math"], most=2) == "did you mean math or myth?"


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("mesage", TYPES, "did you mean message?"),
        ("zzz", reversed(TYPES), "known: math, message, sleep"),
        ("zzz", (), ""),
        ("zzz", MANY, ""),
        ("zzz", MANY[:LISTED], f"known: {', '.join(MANY[:LISTED])}"),
        ("name0", MANY, "did you mean name20 or name10 or name09?"),
    ],
)
def test_near_names(name: str, known: tuple[str, ...], said: str) -> None:
    assert near_names(name, known) == said


def test_a_long_name_costs_little() -> None:
    begin = time.process_time()
    near_names("x" * 10_000_000, MANY)
    assert time.process_time() - begin < 1
