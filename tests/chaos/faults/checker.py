"""Decides whether a history is one that a sound system may have: by what the words promise, not by how it works."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.chaos.faults.history import Call, History, Run, Write

FINAL = {"succeeded", "failed", "cancelled"}
RUN = re.compile(r"run-[0-9a-f]{32}")


class Violation(NamedTuple):
    rule: str
    id: str
    what: str


class Findings(NamedTuple):
    tasks: int
    violations: list[Violation]
    doubled: int
    """How often a handler came to its end once more than was needed: allowed, at least once."""
    gap: float
    """The longest time, in seconds, without a start while tasks were ready."""

    def count(self, *rules: str) -> int:
        return sum(violation.rule in rules for violation in self.violations)


class Story(NamedTuple):
    """All that is known of one task."""

    id: str
    calls: list[Call]
    runs: list[Run]
    writes: list[Write]
    head: tuple[int, str] | None
    pids: dict[str, set[int]]

    @property
    def known(self) -> bool:
        """Somebody was told that it is stored."""
        return any(call.op == "enqueue" and call.answer == "stored" for call in self.calls)

    def answered(self, op: str, *answers: str) -> list[Call]:
        return [call for call in self.calls if call.op == op and call.answer in answers]

    def starts(self) -> list[Write]:
        """The claims."""
        first = [write for write in self.writes[:1] if write.state == "running"]
        return first + [now for before, now in pairwise(self.writes) if before.state != "running" == now.state]

    def lives(self) -> list[list[Write]]:
        """A new one begins when a final state was left."""
        lives: list[list[Write]] = []
        for number, write in enumerate(self.writes):
            if number == 0 or self.writes[number - 1].state in FINAL:
                lives.append([])
            lives[-1].append(write)
        return lives


def lost(story: Story) -> Iterator[str]:
    """What was acknowledged is in the store for good."""
    if story.known and not story.writes:
        yield "its enqueue was acknowledged, and it was never written"
    if story.answered("enqueue", "refused"):
        yield "its enqueue was refused"
    if story.writes and story.head != (story.writes[-1].version, story.writes[-1].state):
        yield f"written last: {story.writes[-1][1:3]}, in the store at the end: {story.head}"


def stuck(story: Story) -> Iterator[str]:
    """In the end every task has an outcome."""
    if story.writes and story.writes[-1].state not in FINAL:
        yield f"is {story.writes[-1].state} at the end"


def versions(story: Story) -> Iterator[str]:
    """Each write is the successor of what was there."""
    found = [write.version for write in story.writes]
    if found != list(range(1, len(found) + 1)):
        yield f"versions {found}"


def recorded_twice(story: Story) -> Iterator[str]:
    """One outcome in each life, left by a retry alone."""
    for before, now in pairwise(story.writes):
        if before.state in FINAL and (now.state != "ready" or now.attempt != 0):
            yield f"{before.state} became {now.state} at version {now.version}"


def owners(story: Story) -> Iterator[str]:
    """Somebody holds what runs; a success keeps the name of who ran it; nothing else names anybody."""
    runner: str | None = None
    for write in story.writes:
        right = {"running": write.owner is not None, "succeeded": write.owner == runner is not None}
        if not right.get(write.state, write.owner is None):
            yield f"version {write.version} is {write.state} and held by {write.owner}"
        runner = write.owner


def superseded(story: Story) -> Iterator[str]:
    """An outcome is that of the run that held the claim."""
    claim: Write | None = None
    before: Write | None = None
    for write in story.writes:
        if write.state == "running" and (before is None or before.state != "running"):
            claim = write
        if write.state in {"succeeded", "failed"} and (run := _run_of(story, write)) is not None:
            if claim is None or before is None or before.owner != claim.owner:
                yield f"version {write.version} is the outcome of {run.run}, whose claim was taken over"
            elif run.began < claim.at or not _is_pid_of(story, claim, run):
                yield f"version {write.version} is the outcome of {run.run}, which did not hold the claim"
        elif write.state == "succeeded":
            yield f"version {write.version} is the success of no run"
        before = write


def innocent(story: Story) -> Iterator[str]:
    """What is killed is workers, servers and machines: no task is to blame, so none is failed for it."""
    for write in story.writes:
        if write.state == "failed" and '"worker_lost"' in write.said:
            yield f"version {write.version} lays the death of a worker on it"


def _run_of(story: Story, write: Write) -> Run | None:
    named = RUN.search(write.said)
    return next((run for run in story.runs if named and run.run == named[0]), None)


def _is_pid_of(story: Story, claim: Write, run: Run) -> bool:
    return run.pid in story.pids.get(claim.owner or "", {run.pid})


def started_unclaimed(story: Story) -> Iterator[str]:
    """Nothing runs before somebody claimed it, and no claim makes two runs."""
    starts, claims = sorted(run.began for run in story.runs), sorted(write.at for write in story.starts())
    for number, began in enumerate(starts, 1):
        if bisect_right(claims, began) < number:
            yield f"its start number {number} came before so many claims"
    for run in story.runs:
        if not any(write.at <= run.began and _is_pid_of(story, write, run) for write in story.starts()):
            yield f"{run.run} was started by process {run.pid}, which never claimed it"


def started_after_cancel(story: Story) -> Iterator[str]:
    """Who was told that a queued task is cancelled will not see it start, unless somebody asks to run it again."""
    retries = [call for call in story.calls if call.op == "retry"]
    for cancel in story.answered("cancel", "cancelled"):
        again = any(retry.answered is None or retry.answered >= cancel.asked for retry in retries)
        if not again and any(run.began > (cancel.answered or 0) for run in story.runs):
            yield "it started after its cancel was acknowledged"


def forgotten_cancel(story: Story) -> Iterator[str]:
    """A running task that was asked to stop does not run again."""
    for life in story.lives():
        for before, now in pairwise(life):
            if before.cancel and now.state != "running" and now.state not in FINAL:
                yield f"was asked to stop, and became {now.state} at version {now.version}"


def untraced(story: Story) -> Iterator[str]:
    """Every acknowledgement is true at the time."""
    for cancel in story.answered("cancel", "cancelled", "stopping", "cancel"):
        traces = (write for write in story.writes if write.cancel or write.state == "cancelled")
        if not any(write.at <= (cancel.answered or 0) for write in traces):
            yield f"a cancel was acknowledged with '{cancel.answer}', and nothing was written"
    if len(story.answered("retry", "ready")) > _retries(story):
        yield "more retries were acknowledged than written"


def _retries(story: Story) -> int:
    """Writes that may be one."""
    again = FINAL | {"scheduled"}
    return sum(one.state in again and now.state == "ready" and now.attempt == 0 for one, now in pairwise(story.writes))


def unasked(story: Story) -> Iterator[str]:
    """Nothing comes from nowhere."""
    if not any(call.op == "enqueue" for call in story.calls):
        yield "nobody enqueued it"
    if len(story.lives()) - 1 > sum(call.op == "retry" for call in story.calls):
        yield "it has more lives than retries"
    if any(write.cancel for write in story.writes) and not any(call.op == "cancel" for call in story.calls):
        yield "nobody asked it to stop"


RULES: tuple[Callable[[Story], Iterator[str]], ...] = (
    lost,
    stuck,
    versions,
    recorded_twice,
    owners,
    superseded,
    innocent,
    started_unclaimed,
    started_after_cancel,
    forgotten_cancel,
    untraced,
    unasked,
)


def check(history: History) -> Findings:
    stories = _stories(history)
    found = [Violation(rule.__name__, story.id, what) for story in stories for rule in RULES for what in rule(story)]
    doubled = sum(map(_doubled, stories))
    return Findings(len(history.heads), found, doubled, longest_gap(history))


def _stories(history: History) -> list[Story]:
    calls, runs, writes = (_by_id(kind) for kind in (history.calls, history.runs, history.writes))
    ids = {**calls, **runs, **writes, **history.heads}
    return [Story(id, calls[id], runs[id], writes[id], history.heads.get(id), dict(history.pids)) for id in ids]


def _by_id(items: list) -> defaultdict:  # type: ignore[type-arg]
    found = defaultdict(list)
    for item in items:
        found[item.id].append(item)
    return found


def _doubled(story: Story) -> int:
    """Ends of handlers beyond one in each life."""
    births = [life[0].at for life in story.lives()]
    ended = Counter(bisect_right(births, run.began) for run in story.runs if run.ended is not None)
    return sum(count - 1 for count in ended.values())


def longest_gap(history: History) -> float:
    """Over all times in which something was ready: how long nothing started."""
    changes = [(run.began, 0, "start") for run in history.runs]
    was_ready: dict[str, bool] = {}
    for write in history.writes:
        ready = write.state == "ready"
        if ready != was_ready.get(write.id, False):
            changes.append((write.at, 1 if ready else -1, "change"))
        was_ready[write.id] = ready
    return _longest(sorted(changes))


def _longest(changes: list[tuple[float, int, str]]) -> float:
    longest, waiting, since = 0.0, 0, 0.0
    for at, change, _ in changes:
        if waiting:
            longest = max(longest, at - since)
        if change == 0 or not waiting:
            since = at
        waiting += change
    return longest
