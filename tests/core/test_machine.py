"""What the table can't say: times, attempts, cancels and losses."""

from collections.abc import Callable

import pytest

from taskmill.core import machine
from taskmill.core.state import State
from taskmill.core.task import SECOND, Head
from tests.core.machines import NOW, head_in, running, spec

LATER = NOW + 60 * SECOND


def test_a_new_task_is_ready_when_due_and_scheduled_when_not() -> None:
    assert machine.create(spec(), NOW).state is State.READY
    assert machine.create(spec(), NOW, NOW).state is State.READY
    assert machine.create(spec(), NOW, NOW + 1).state is State.SCHEDULED


def test_a_new_task_has_version_one_and_no_attempt() -> None:
    head = machine.create(spec(), NOW)
    assert (head.version, head.attempt, head.run_at, head.hold) == (1, 0, NOW, "k")


def test_unblock_honours_the_time_it_was_scheduled_for() -> None:
    head = machine.create(spec(), NOW, LATER, waiting=True)
    assert machine.unblock(head, NOW).state is State.SCHEDULED
    assert machine.unblock(head, LATER).state is State.READY


def test_start_takes_a_lease_and_forgets_old_progress() -> None:
    head = machine.start(head_in(State.READY, spec())._replace(progress="{}"), "w9", LATER, NOW)
    assert (head.lease_owner, head.lease_until, head.attempt, head.progress) == ("w9", LATER, 1, None)
    assert head.started_at == NOW


def test_take_over_counts_no_attempt_but_fences_the_old_owner() -> None:
    before = running(spec())
    head = machine.take_over(before, "w2", LATER)
    assert (head.lease_owner, head.attempt, head.version) == ("w2", before.attempt, before.version + 1)


def test_success_changes_only_what_it_must() -> None:
    before = running(spec())._replace(progress="{}", error="{}", losses=2, crashes=1)
    assert machine.succeed(before, "11", LATER) == before._replace(
        state=State.SUCCEEDED,
        version=before.version + 1,
        lease_until=None,
        error=None,
        result="11",
        finished_at=LATER,
        hold=None,
    )


def test_success_wins_over_a_cancel_that_came_too_late() -> None:
    head = machine.succeed(running(spec(), cancel=True), "11", NOW)
    assert (head.state, head.cancel) == (State.SUCCEEDED, False)


def test_a_failure_waits_for_its_delay() -> None:
    head = machine.fail(spec(), running(spec()), "{}", NOW, SECOND)
    assert (head.state, head.run_at, head.attempt, head.error) == (State.SCHEDULED, NOW + SECOND, 1, "{}")


def test_the_last_attempt_fails_for_good() -> None:
    assert machine.fail(spec(1), running(spec(1)), "{}", NOW, SECOND).state is State.FAILED


def test_a_final_failure_uses_no_further_attempt() -> None:
    assert machine.fail(spec(9), running(spec(9)), "{}", NOW, SECOND, final=True).state is State.FAILED


def test_snooze_gives_the_attempt_back() -> None:
    head = machine.snooze(running(spec()), SECOND, NOW)
    assert (head.state, head.attempt, head.run_at) == (State.SCHEDULED, 0, NOW + SECOND)


def test_release_gives_the_attempt_back_and_keeps_the_place_in_the_queue() -> None:
    head = machine.release(running(spec()), LATER)
    assert (head.state, head.attempt, head.run_at, head.losses) == (State.READY, 0, NOW, 0)


def test_a_lost_task_runs_again_at_once_with_its_attempt_back() -> None:
    head = machine.lose(running(spec(1)), "{}", LATER)
    assert (head.state, head.attempt, head.run_at, head.losses, head.error) == (State.READY, 0, NOW, 1, "{}")


def lost(crashed: bool, times: int, head: Head, limit: int = machine.LOSS_LIMIT) -> Head:
    for _ in range(times):
        assert head.state is State.READY
        head = machine.lose(machine.start(head, "w1", LATER, NOW), "{}", NOW, crashed=crashed, limit=limit)
    return head


def test_a_task_that_dies_alone_is_parked_at_the_third_time() -> None:
    head = lost(True, 3, head_in(State.READY, spec(100)))
    assert (head.state, head.losses, head.crashes, head.error) == (State.FAILED, 3, 3, "{}")


def test_losses_that_others_may_have_caused_park_a_task_at_their_own_limit_only() -> None:
    head = lost(True, 2, lost(False, 19, head_in(State.READY, spec(100))))
    assert (head.state, head.losses, head.crashes) == (State.READY, 21, 2)
    assert lost(False, 1, head).state is State.FAILED
    assert lost(False, 2, head_in(State.READY, spec(100)), limit=2).state is State.FAILED


def test_cancel_asks_a_running_task_and_ends_any_other() -> None:
    asked = machine.cancel(running(spec()), NOW)
    assert (asked.state, asked.cancel, asked.lease_owner) == (State.RUNNING, True, "w1")
    assert machine.cancel(asked, NOW, stopped=True).state is State.CANCELLED
    assert machine.cancel(head_in(State.SCHEDULED, spec()), NOW).state is State.CANCELLED


@pytest.mark.parametrize(
    "end",
    [
        lambda head: machine.fail(spec(), head, "{}", NOW, SECOND),
        lambda head: machine.fail(spec(), head, "{}", NOW, SECOND, final=True),
        lambda head: machine.snooze(head, SECOND, NOW),
        lambda head: machine.release(head, NOW),
        lambda head: machine.lose(head, "{}", NOW),
    ],
    ids=["fail", "fail for good", "snooze", "release", "lose"],
)
def test_a_cancel_wins_over_every_way_to_go_on(end: Callable[[Head], Head]) -> None:
    head = end(running(spec(), cancel=True))
    assert (head.state, head.cancel, head.hold) == (State.CANCELLED, False, None)


def test_retry_starts_afresh_but_keeps_the_last_error() -> None:
    failed = machine.fail(spec(1), running(spec(1)), '{"code": "x"}', NOW, 0)._replace(losses=2, crashes=2)
    head = machine.retry(spec(1), failed, LATER)
    assert (head.state, head.attempt, head.run_at, head.losses, head.crashes) == (State.READY, 0, LATER, 0, 0)
    assert (head.error, head.finished_at, head.hold) == ('{"code": "x"}', None, "k")
