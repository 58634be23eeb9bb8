"""An independent record of what the store accepted, made by triggers that Taskmill knows nothing of, and its check."""

import collections
from pathlib import Path
from typing import Any, NamedTuple

import apsw

TRIGGERS = """
create table history (id text, version integer, was text, now text, owner text, result text);
create table audit_worker (id text, pid integer);
create trigger audit_task after update on task when new.state <> old.state or new.version <> old.version begin
  insert into history values (new.id, new.version, old.state, new.state, old.lease_owner, new.result);
end;
create trigger audit_worker after insert on worker begin
  insert into audit_worker values (new.id, new.pid);
end;
"""


class Report(NamedTuple):
    tasks: int
    never_run: int
    not_succeeded: int
    doubled: int
    """Tasks with more than one recorded success."""
    stuck: int
    superseded: int
    """Accepted outcomes of a run that did not hold the claim."""
    repeated: int
    """Runs beyond the first: allowed, at least once."""

    def sound(self) -> bool:
        return not (self.never_run or self.not_succeeded or self.doubled or self.stuck or self.superseded)


def install(path: Path) -> None:
    apsw.Connection(str(path)).execute(TRIGGERS)


def check(path: Path, began: dict[str, str]) -> Report:
    """`began`: run → id of its task, from the log the handlers wrote."""
    store = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    states = {str(id): str(state) for id, state in store.execute("select id, state from task")}
    successes = store.execute("select id, owner, result from history where now = 'succeeded'").fetchall()
    counts = collections.Counter(id for id, _, _ in successes)
    pids: dict[Any, set[Any]] = collections.defaultdict(set)
    for owner, pid in store.execute("select id, pid from audit_worker"):
        pids[owner].add(pid)
    ran = collections.Counter(began.values())
    return Report(
        tasks=len(states),
        never_run=sum(id not in ran for id in states),
        not_succeeded=sum(state != "succeeded" for state in states.values()),
        doubled=sum(count > 1 for count in counts.values()),
        stuck=sum(state == "running" for state in states.values()),
        superseded=sum(not _held_by(pids[owner], result) for _, owner, result in successes),
        repeated=sum(count - 1 for count in ran.values()),
    )


def _held_by(pids: set[int], result: Any) -> bool:
    """Whether the run that made the result ran in the process that held the claim when it was accepted."""
    return int(result.strip('"').split()[1]) in pids
