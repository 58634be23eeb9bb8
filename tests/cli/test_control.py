"""`cancel` and `retry`: by id and by filter."""

import json
from pathlib import Path

from taskmill.core import machine
from taskmill.core.task import Spec, Task
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
from tests.cli.conftest import Call


def submit(call: Call, *args: str) -> str:
    return str(call("submit", "-T", "math", "-P", "1", "--no-wait", *args).stdout.strip())


def test_cancel_and_retry_by_id(call: Call, here: Path) -> None:
    ids = [submit(call), submit(call)]
    assert call("cancel", *ids).stdout == "".join(f"{id}\tcancelled\n" for id in ids)
    assert json.loads(call("retry", "--json", ids[0]).stdout)["state"] == "ready"


def test_a_refusal_is_exit_code_1_and_does_not_stop_the_others(call: Call, here: Path) -> None:
    ids = [submit(call), submit(call)]
    call("cancel", ids[0])
    result = call("cancel", *ids)
    assert (result.exit_code, result.stdout) == (1, f"{ids[1]}\tcancelled\n")
    assert "cancelled" in result.stderr
    assert call("cancel", *ids).exit_code == 1


def test_by_filter_with_a_dry_run_first(call: Call, here: Path) -> None:
    for _ in range(3):
        submit(call, "--queue", "mail")
    kept = submit(call)
    assert call("cancel", "--queue", "mail", "--dry-run").stdout == "3 match\n"
    assert call("cancel", "--queue", "mail").stdout == "3 of 3 done\n"
    assert json.loads(call("retry", "--state", "cancelled", "--json").stdout)["done"] == 3
    assert "ready" in call("get", kept).stdout


def test_it_wants_ids_or_a_filter(call: Call, here: Path) -> None:
    id = submit(call)
    for args in ([], [id, "--queue", "mail"], [id, "--dry-run"], ["--dry-run"]):
        result = call("cancel", *args)
        assert result.exit_code == 2
        assert "say which tasks to cancel" in result.stderr


def test_delete_by_id_takes_ended_tasks_alone(call: Call, here: Path) -> None:
    ended, waiting = submit(call), submit(call)
    call("cancel", ended)
    result = call("delete", waiting, ended)
    assert (result.exit_code, result.stdout) == (1, f"{ended}\tdeleted\n")
    assert "a ready task cannot be deleted; cancel it first" in result.stderr
    assert (call("get", ended).exit_code, call("get", waiting).exit_code) == (3, 0)
    assert call("delete", ended).exit_code == 3


def test_delete_says_so_in_json(call: Call, here: Path) -> None:
    id = submit(call)
    call("cancel", id)
    assert json.loads(call("delete", "--json", id).stdout) == {"id": id, "deleted": True}


def test_delete_by_filter_is_counted_agreed_to_and_then_done(call: Call, here: Path) -> None:
    ids = [submit(call, "--queue", "mail") for _ in range(3)]
    call("cancel", *ids[:2])
    assert call("delete", "--queue", "mail", "--dry-run").stdout == "2 match\n"
    unasked = call("delete", "--queue", "mail")
    assert (unasked.exit_code, unasked.stdout) == (2, "")
    assert "2 ended tasks match" in unasked.stderr
    assert "--yes" in unasked.stderr
    assert call("delete", "--queue", "mail", "--yes").stdout == "2 of 2 done\n"
    assert [line.split("\t")[0] for line in call("list").stdout.splitlines()] == ids[2:]


def test_delete_by_filter_leaves_unfinished_tasks_also_when_their_state_is_named(call: Call, here: Path) -> None:
    id = submit(call)
    result = call("delete", "--state", "ready", "--yes")
    assert (result.exit_code, result.stdout) == (1, "0 of 1 done\n")
    assert "cannot be deleted; cancel it first" in result.stderr
    assert call("get", id).exit_code == 0


def test_the_beginning_of_an_id_will_do_everywhere(call: Call, here: Path) -> None:
    ids = [f"{digit}1890a5d-ac96-774b-bcce-b302099a8057" for digit in "ab"] + ["a1890a5e-ac96-774b-bcce-b302099a8057"]
    run(restored(ids))
    assert json.loads(call("get", "--json", "b").stdout)["id"] == ids[1]
    assert json.loads(call("get", "--json", "-v", "A1890A5DAC").stdout)["id"] == ids[0]
    assert call("cancel", "b1", "a1890a5e-a").stdout == f"{ids[1]}\tcancelled\n{ids[2]}\tcancelled\n"
    assert call("watch", "b1").exit_code == call("watch", ids[1]).exit_code != 3
    assert call("retry", "b1890").stdout == f"{ids[1]}\tready\n"
    assert call("delete", "a1890a5e").stdout == f"{ids[2]}\tdeleted\n"


def test_an_ambiguous_beginning_lists_the_tasks_and_acts_on_none(call: Call, here: Path) -> None:
    ids = [f"a189{digit}a5d-ac96-774b-bcce-b302099a8057" for digit in "0123456789ab"]
    run(restored(ids))
    for verb in ("get", "watch", "cancel", "retry", "delete"):
        result = call(verb, "a189")
        assert (result.exit_code, result.stdout) == (2, ""), verb
        assert all(f"{id} (math, ready)" in result.stderr for id in ids[:10])
        assert ids[10] not in result.stderr
        assert "and more" in result.stderr
    assert {line.split("\t")[2] for line in call("list").stdout.splitlines()} == {"ready"}


def test_a_beginning_of_no_id(call: Call, here: Path) -> None:
    for wrong, why in [("a189", "no id begins like this"), ("x", "a UUID, or its beginning"), ("", "a UUID")]:
        result = call("get", wrong)
        assert result.exit_code == 3
        assert why in result.stderr


async def restored(ids: list[str]) -> None:
    store = open_store("sqlite:///taskmill.db")
    await store.open()
    await store.add([made(id) for id in ids])
    await store.close()


def made(id: str) -> Task:
    spec = Spec(id, "math", "default", '{"expression":"1"}', 2, 1, None, None, None, None, 1)
    return Task(spec, machine.create(spec, 1))
