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
