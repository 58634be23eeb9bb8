"""The checker finds each way in which a history can be wrong, and nothing in one that is right."""

from collections.abc import Callable

import pytest

from tests.chaos.faults.checker import RULES, check
from tests.chaos.faults.history import Call, History, Run, Write

ID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
RUN = "run-" + "a" * 32
OTHER = "run-" + "b" * 32


def write(version: int, state: str, at: float, *, owner: str | None = None, attempt: int = 0, said: str = "") -> Write:
    return Write(ID, version, state, owner, attempt, False, said, at)


def sound() -> History:
    """Enqueued, run, asked to run again, and cancelled while it was queued."""
    return History(
        [
            Call("enqueue", ID, 0.0, None, None),
            Call("enqueue", ID, 1.0, 2.0, "stored"),
            Call("retry", ID, 5.0, 6.0, "ready"),
            Call("cancel", ID, 6.5, 8.0, "cancelled"),
        ],
        [Run(ID, 1, RUN, 7, 3.5, 3.9)],
        [
            write(1, "ready", 0.5),
            write(2, "running", 3.0, owner="w1", attempt=1),
            write(3, "succeeded", 4.0, owner="w1", attempt=1, said=f'"{RUN}"'),
            write(4, "ready", 5.5),
            write(5, "cancelled", 7.0),
        ],
        {"w1": {7}, "w2": {8}},
        {ID: (5, "cancelled")},
    )


def rules_broken(history: History) -> set[str]:
    return {violation.rule for violation in check(history).violations}


def without_a_trace(history: History) -> History:
    return history._replace(writes=[], heads={}, runs=[], calls=history.calls[:2])


def forgotten_at_the_end(history: History) -> History:
    return history._replace(heads={})


def another_state_at_the_end(history: History) -> History:
    return history._replace(heads={ID: (5, "succeeded")})


def refused(history: History) -> History:
    return history._replace(calls=[*history.calls, Call("enqueue", ID, 3.0, 3.1, "refused")])


def never_done(history: History) -> History:
    return history._replace(writes=history.writes[:4], heads={ID: (4, "ready")}, calls=history.calls[:3])


def a_version_left_out(history: History) -> History:
    last = history.writes[-1]._replace(version=6)
    return history._replace(writes=[*history.writes[:-1], last], heads={ID: (6, "cancelled")})


def a_version_twice(history: History) -> History:
    return history._replace(writes=[*history.writes[:2], *history.writes[1:]])


def succeeded_twice(history: History) -> History:
    again = write(4, "succeeded", 5.5, attempt=1, said=f'"{RUN}"')
    return history._replace(writes=[*history.writes[:3], again], heads={ID: (4, "succeeded")}, calls=history.calls[:2])


def claimed_when_final(history: History) -> History:
    claim = write(4, "running", 4.5, owner="w1", attempt=2)
    return history._replace(writes=[*history.writes[:3], claim], heads={ID: (4, "running")}, calls=history.calls[:2])


def held_by_nobody(history: History) -> History:
    claim = history.writes[1]._replace(owner=None)
    return history._replace(writes=[history.writes[0], claim, *history.writes[2:]])


def held_at_the_end(history: History) -> History:
    return history._replace(writes=[*history.writes[:4], history.writes[4]._replace(owner="w1")])


def outcome_after_a_takeover(history: History) -> History:
    """Another one had the lease when the first one's outcome was taken."""
    ready, claim, success = history.writes[:3]
    taken = claim._replace(version=3, owner="w2", at=3.6)
    return history._replace(
        writes=[ready, claim, taken, success._replace(version=4)], heads={ID: (4, "succeeded")}, calls=history.calls[:2]
    )


def outcome_of_an_earlier_claim(history: History) -> History:
    """Claimed, given back, claimed by another; then the first one's outcome was taken."""
    ready, claim, success = history.writes[:3]
    again = [ready._replace(version=3, at=3.6), claim._replace(version=4, owner="w2", at=3.7)]
    return history._replace(
        writes=[ready, claim, *again, success._replace(version=5)],
        runs=[*history.runs, Run(ID, 1, OTHER, 8, 3.8, 3.9)],
        heads={ID: (5, "succeeded")},
        calls=history.calls[:2],
    )


def failure_of_an_earlier_claim(history: History) -> History:
    wrong = outcome_of_an_earlier_claim(history)
    failed = wrong.writes[-1]._replace(state="failed", said=f'{{"message": "{RUN}"}}')
    return wrong._replace(writes=[*wrong.writes[:-1], failed], heads={ID: (5, "failed")})


def failed_for_a_lost_worker(history: History) -> History:
    failed = write(3, "failed", 4.0, attempt=1, said='{"code": "worker_lost", "type": "SIGKILL"}')
    return history._replace(writes=[*history.writes[:2], failed, *history.writes[3:]])


def outcome_of_another_process(history: History) -> History:
    return history._replace(runs=[history.runs[0]._replace(pid=8)])


def success_of_nothing(history: History) -> History:
    return history._replace(runs=[])


def started_before_its_claim(history: History) -> History:
    return history._replace(runs=[*history.runs, Run(ID, 1, OTHER, 7, 2.9, None)])


def started_twice_in_one_claim(history: History) -> History:
    return history._replace(runs=[*history.runs, Run(ID, 1, OTHER, 7, 3.6, None)])


def started_after_its_cancel(history: History) -> History:
    claim = write(6, "running", 8.5, owner="w1", attempt=1)
    done = write(7, "succeeded", 10.0, attempt=1, said=f'"{OTHER}"')
    return history._replace(
        writes=[*history.writes, claim, done],
        runs=[*history.runs, Run(ID, 1, OTHER, 7, 9.0, 9.5)],
        heads={ID: (7, "succeeded")},
    )


def ran_again_though_asked_to_stop(history: History) -> History:
    ready, claim, success = history.writes[:3]
    asked = claim._replace(version=3, cancel=True, at=3.2)
    rest = [ready._replace(version=4, at=3.3), claim._replace(version=5, at=3.4), success._replace(version=6)]
    return history._replace(
        writes=[ready, claim, asked, *rest],
        heads={ID: (6, "succeeded")},
        calls=[*history.calls[:2], Call("cancel", ID, 3.0, 3.3, "stopping")],
    )


def cancel_without_a_trace(history: History) -> History:
    return history._replace(writes=history.writes[:4], heads={ID: (4, "ready")})


def retry_without_a_trace(history: History) -> History:
    return history._replace(writes=history.writes[:3], heads={ID: (3, "succeeded")}, calls=history.calls[:3])


def from_nowhere(history: History) -> History:
    return history._replace(calls=history.calls[2:])


def a_life_too_many(history: History) -> History:
    more = [write(6, "ready", 9.0), write(7, "cancelled", 9.5)]
    return history._replace(writes=[*history.writes, *more], heads={ID: (7, "cancelled")})


def a_stop_that_nobody_wanted(history: History) -> History:
    ready, claim, success = history.writes[:3]
    asked = claim._replace(version=3, cancel=True, at=3.2)
    return history._replace(
        writes=[ready, claim, asked, success._replace(version=4)],
        heads={ID: (4, "succeeded")},
        calls=history.calls[:2],
    )


WRONG: list[tuple[str, Callable[[History], History]]] = [
    ("lost", without_a_trace),
    ("lost", forgotten_at_the_end),
    ("lost", another_state_at_the_end),
    ("lost", refused),
    ("stuck", never_done),
    ("versions", a_version_left_out),
    ("versions", a_version_twice),
    ("recorded_twice", succeeded_twice),
    ("recorded_twice", claimed_when_final),
    ("owners", held_by_nobody),
    ("owners", held_at_the_end),
    ("superseded", outcome_after_a_takeover),
    ("superseded", outcome_of_an_earlier_claim),
    ("superseded", failure_of_an_earlier_claim),
    ("superseded", outcome_of_another_process),
    ("innocent", failed_for_a_lost_worker),
    ("superseded", success_of_nothing),
    ("started_unclaimed", started_before_its_claim),
    ("started_unclaimed", started_twice_in_one_claim),
    ("started_after_cancel", started_after_its_cancel),
    ("forgotten_cancel", ran_again_though_asked_to_stop),
    ("untraced", cancel_without_a_trace),
    ("untraced", retry_without_a_trace),
    ("unasked", from_nowhere),
    ("unasked", a_life_too_many),
    ("unasked", a_stop_that_nobody_wanted),
]


def test_a_sound_history_has_no_violations() -> None:
    assert check(sound()).violations == []


@pytest.mark.parametrize(("rule", "make"), WRONG, ids=lambda part: getattr(part, "__name__", None))
def test_each_violation_is_found(rule: str, make: Callable[[History], History]) -> None:
    assert rule in rules_broken(make(sound()))


def test_each_rule_is_tested() -> None:
    assert {rule for rule, _ in WRONG} == {rule.__name__ for rule in RULES}


def test_a_handler_that_ended_twice_in_one_life_is_counted() -> None:
    ready, claim, success = sound().writes[:3]
    again = [ready._replace(version=3, at=3.95), claim._replace(version=4, at=4.0)]
    history = sound()._replace(
        writes=[ready, claim, *again, success._replace(version=5, said=f'"{OTHER}"', at=5.0)],
        runs=[*sound().runs, Run(ID, 1, OTHER, 7, 4.1, 4.2)],
        heads={ID: (5, "succeeded")},
        calls=sound().calls[:2],
    )
    found = check(history)
    assert found.violations == []
    assert found.doubled == 1
    assert check(sound()).doubled == 0


def test_the_longest_gap_is_that_without_a_start_while_something_was_ready() -> None:
    history = sound()
    assert check(history).gap == 3.0 - 0.5
    other = [entry._replace(id="2", at=entry.at - 0.4) for entry in history.writes[:2]]
    assert check(history._replace(writes=sorted([*history.writes, *other], key=lambda entry: entry.at))).gap == 2.9
