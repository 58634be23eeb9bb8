"""`cancel` and `retry`: by id and by filter."""

import json
from pathlib import Path

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
