"""An independent record of every head that the store takes, made by triggers that Taskmill knows nothing of."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import psycopg

from tests.chaos.faults.history import Call, History, Run, Write

POSTGRES = """
create table audit (seq bigserial, id text, version bigint, state text, owner text, attempt bigint, cancel boolean,
  said text, at double precision);
create table audit_worker (id text, pid bigint);
create function audit_task() returns trigger language plpgsql as $$ begin
  insert into audit (id, version, state, owner, attempt, cancel, said, at)
    values (new.id, new.version, new.state, new.lease_owner, new.attempt, new.cancel,
      coalesce(new.result, new.error, ''), extract(epoch from clock_timestamp()));
  return null;
end $$;
create function audit_worker() returns trigger language plpgsql as $$ begin
  insert into audit_worker values (new.id, new.pid);
  return null;
end $$;
create trigger audit_insert after insert on taskmill.task for each row execute function audit_task();
create trigger audit_update after update on taskmill.task for each row
  when ((old.version, old.state, old.attempt, old.lease_owner, old.cancel) is distinct from
    (new.version, new.state, new.attempt, new.lease_owner, new.cancel)) execute function audit_task();
create trigger audit_worker after insert on taskmill.worker for each row execute function audit_worker();
"""

_NEW = ", ".join(f"new.{name}" for name in ("id", "version", "state", "lease_owner", "attempt", "cancel"))
_NOTE = f"insert into audit values ({_NEW}, coalesce(new.result, new.error, ''), unixepoch('subsec'));"
SQLITE = f"""
create table audit (id text, version integer, state text, owner text, attempt integer, cancel integer, said text,
  at real);
create table audit_worker (id text, pid integer);
create trigger audit_insert after insert on task begin {_NOTE} end;
create trigger audit_update after update on task
  when (old.version, old.state, old.attempt, old.cancel) <> (new.version, new.state, new.attempt, new.cancel)
    or old.lease_owner is not new.lease_owner begin {_NOTE} end;
create trigger audit_worker after insert on worker begin insert into audit_worker values (new.id, new.pid); end;
"""


class Audit(ABC):
    """Looks at the store behind Taskmill's back, and not through the links that are made to fail."""

    task = "task"
    order = "rowid"

    @abstractmethod
    def install(self) -> None:
        """Into a store that has its schema."""

    @abstractmethod
    def rows(self, sql: str) -> Sequence[Any]: ...

    def unfinished(self) -> int:
        final = "'succeeded', 'failed', 'cancelled'"
        [[count]] = self.rows(f"select count(*) from {self.task} where state not in ({final})")
        return int(count)

    def history(self, calls: list[Call], runs: list[Run]) -> History:
        pids: dict[str, set[int]] = defaultdict(set)
        for owner, pid in self.rows("select distinct id, pid from audit_worker"):
            pids[owner].add(pid)
        columns = "id, version, state, owner, attempt, cancel, said, at"
        writes = [Write(*row) for row in self.rows(f"select {columns} from audit order by {self.order}")]
        heads = {
            id: (version, state) for id, version, state in self.rows(f"select id, version, state from {self.task}")
        }
        return History(calls, runs, [write._replace(cancel=bool(write.cancel)) for write in writes], pids, heads)


class SqliteAudit(Audit):
    def __init__(self, path: Path) -> None:
        self._path = path

    def install(self) -> None:
        apsw.Connection(str(self._path)).execute(SQLITE)

    def rows(self, sql: str) -> Sequence[Any]:
        store = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
        store.set_busy_timeout(5000)
        return store.execute(sql).fetchall()


class PostgresAudit(Audit):
    task = "taskmill.task"
    order = "seq"

    def __init__(self, url: str) -> None:
        self._url = url

    def install(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(POSTGRES)

    def rows(self, sql: str) -> Sequence[Any]:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(sql).fetchall()
