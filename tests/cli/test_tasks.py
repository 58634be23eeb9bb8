"""`get`, `list`, `queues`, `workers` and `types`: plain lines in a pipe, JSON on request."""

import json
import shlex
from pathlib import Path

import pytest

from taskmill.catalogue import app
from tests.cli.conftest import Call


def submit(call: Call, *args: str) -> str:
    result = call("submit", "-T", "math", "-P", "1", "--no-wait", *args)
    assert result.exit_code == 0, result.stderr
    return str(result.stdout.strip())


def test_list_is_newest_first_separated_by_tabs(call: Call, here: Path) -> None:
    ids = [submit(call, "--tag", "x"), submit(call)]
    lines = [line.split("\t") for line in call("list").stdout.splitlines()]
    assert [line[0] for line in lines] == ids[::-1]
    assert lines[0][1:6] == ["math", "ready", "default", "normal", "0/4"]


def test_list_filters_and_limits(call: Call, here: Path) -> None:
    ids = [submit(call, "--tag", "x"), submit(call, "--queue", "mail"), submit(call, "--delay", "1h")]
    for filters, expected in [
        (["--tag", "x"], [ids[0]]),
        (["--queue", "mail"], [ids[1]]),
        (["--state", "scheduled"], [ids[2]]),
        (["-T", "sleep"], []),
        (["--limit", "2"], ids[:0:-1]),
    ]:
        assert [json.loads(line)["id"] for line in call("list", "--json", *filters).stdout.splitlines()] == expected


def test_list_says_that_more_match_and_how_to_see_them(call: Call, here: Path) -> None:
    ids = [submit(call) for _ in range(3)]
    for form in ([], ["--json"]):
        short = call("list", "--limit", "2", *form)
        assert len(short.stdout.splitlines()) == 2
        assert short.stderr == "hint: more tasks match than these 2; --limit 20 shows up to 20\n"
        for enough in ("3", "20"):
            whole = call("list", "--limit", enough, *form)
            assert (len(whole.stdout.splitlines()), whole.stderr) == (len(ids), "")


def test_get_shows_every_field_that_has_a_value(call: Call, here: Path) -> None:
    id = submit(call, "--key", "a\u00e9")
    fields = dict(line.split("\t") for line in call("get", id).stdout.splitlines())
    assert (fields["id"], fields["key"], fields["parameters"]) == (id, "a\u00e9", '{"expression":"1"}')
    assert "result" not in fields
    assert json.loads(call("get", "--json", id).stdout)["result"] is None


def test_get_verbose_shows_the_attempts_with_their_logs(call: Call, in_served: Path) -> None:
    id = json.loads(call("submit", "-T", "message", "-P", "look here", "--json").stdout)["id"]
    assert "look here" in call("get", "-v", id).stdout
    assert json.loads(call("get", "-v", "--json", id).stdout)["attempts"][0]["outcome"] == "succeeded"


def test_a_first_success_is_an_attempt_by_its_worker(call: Call, in_served: Path) -> None:
    task = json.loads(call("submit", "-T", "math", "-P", "1 + 1", "--json").stdout)
    [attempt] = json.loads(call("get", "-v", "--json", task["id"]).stdout)["attempts"]
    assert (attempt["outcome"], attempt["number"], attempt["worker"]) == ("succeeded", 1, task["worker"])
    assert (attempt["started_at"], attempt["finished_at"]) == (task["started_at"], task["finished_at"])
    assert f"attempt 1: succeeded on {task['worker']}, began " in call("get", "-v", task["id"]).stdout


def test_what_is_not_there_is_exit_code_3(call: Call, here: Path) -> None:
    for id in ("01a20141-1ce1-74ee-863d-81cddd5812ca", "nonsense"):
        for command in (["get", id], ["cancel", id], ["retry", id], ["watch", id]):
            result = call(*command)
            assert (result.exit_code, result.stdout) == (3, "")
            assert id in result.stderr


def test_what_is_stored_cannot_move_the_cursor(call: Call, here: Path) -> None:
    result = call("submit", "-T", "message", "--no-wait", "-P", "\x1b[2Jx\tb\nc")
    assert "\x1b" not in call("get", result.stdout.strip()).stdout


def test_queues_can_be_paused_and_resumed(call: Call, here: Path) -> None:
    submit(call, "--queue", "mail")
    assert call("queues", "pause", "mail").stdout == "mail is paused\n"
    assert "mail\t1\t0\t0\tyes" in call("queues").stdout.splitlines()
    assert json.loads(call("queues", "resume", "mail", "--json").stdout) == {"name": "mail", "paused": False}
    assert not any(queue["paused"] for queue in json.loads(call("queues", "list", "--json").stdout))


def test_workers_are_listed(call: Call, in_served: Path) -> None:
    [worker] = json.loads(call("workers", "--json").stdout)
    assert worker["alive"]
    assert call("workers").stdout.split("\t")[:2] == [worker["id"], "yes"]


def test_types_are_listed_with_an_example_that_works(call: Call, in_served: Path) -> None:
    names = [line.split("\t")[0] for line in call("types").stdout.splitlines()]
    assert {"math", "message", "sleep"} <= set(names)
    for name in ("math", "message", "email_sending"):
        shown = call("types", "show", name).stdout
        command = shlex.split(shown.splitlines()[-1])
        assert command[0] == "taskmill"
        assert call(*command[1:]).exit_code == 0


def test_what_is_in_a_parameter_is_shown_as_well(call: Call, here: Path) -> None:
    lines = call("types", "show", "data_processing").stdout.splitlines()
    assert "steps\tarray of Filter or Derive or Select or Group or Sort or Join or Limit" in "\n".join(lines)
    at = lines.index("Limit: Keep only the first rows.")
    assert lines[at + 1 : at + 3] == ["do\tstring\tyes\t(always limit)", "rows\tinteger\tyes\tHow many. (from 1)"]
    assert "spot\tnumber\tno\tPrice of the share today. (from 0 to 1,000,000,000; default 100.0)" in (
        call("types", "show", "simulation").stdout
    )


@pytest.mark.parametrize("name", sorted(app.tasks))
def test_each_of_the_catalogue_is_shown(name: str, call: Call, here: Path) -> None:
    shown = call("types", "show", name)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[-1].startswith(f"taskmill submit -T {name} -P ")


def test_types_show_names_near_ones(call: Call, here: Path) -> None:
    result = call("types", "show", "maths")
    assert result.exit_code == 2
    assert "did you mean math?" in result.stderr
