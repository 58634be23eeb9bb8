"""What is different on a terminal: tables, colours, a progress bar."""

import codecs
import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, ENVIRONMENT, Call, call_real

pytestmark = pytest.mark.slow


class Terminal:
    """A command with a terminal for its input and output."""

    def __init__(self, *args: str, cwd: Path, **more: str) -> None:
        self._screen, inner = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *args],
            cwd=cwd,
            env=ENVIRONMENT | more,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        """A character may come in two pieces."""
        self.seen = ""

    def until(self, text: str) -> None:
        while text not in self.seen and self._more():
            pass
        assert text in self.seen

    def end(self) -> int:
        while self._more():
            pass
        os.close(self._screen)
        return self.process.wait(timeout=30)

    def _more(self) -> bool:
        ready, _, _ = select.select([self._screen], [], [], 30)
        assert ready, f"nothing for 30 s, after {self.seen!r}"
        try:
            data = os.read(self._screen, 4096)
        except OSError:  # the command has ended
            return False
        self.seen += self._decoder.decode(data)
        return bool(data)


def plain(seen: str) -> str:
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", seen)


def test_submit_shows_progress_and_then_the_result(served: Path) -> None:
    terminal = Terminal("submit", "-T", "sleep", "-P", "0.6", cwd=served)
    terminal.until("sleep running")
    terminal.until("%")
    assert terminal.end() == 0
    assert terminal.seen.endswith("0.6\r\n")


def test_ctrl_c_gives_the_terminal_back(call: Call, in_served: Path) -> None:
    terminal = Terminal("submit", "-T", "sleep", "-P", "60", "--tag", "terminal", cwd=in_served)
    terminal.until("sleep running")
    terminal.process.send_signal(2)
    assert terminal.end() == 130
    assert "goes on" in terminal.seen
    assert terminal.seen.rindex("\x1b[?25h") > terminal.seen.rindex("\x1b[?25l")
    assert call("cancel", "--tag", "terminal").exit_code == 0


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_list_is_a_table_with_headers(served: Path, variables: dict[str, str], coloured: bool) -> None:
    Terminal("submit", "-T", "math", "-P", "1", cwd=served).end()
    terminal = Terminal("list", "--state", "succeeded", cwd=served, **variables)
    assert terminal.end() == 0
    assert all(word in terminal.seen for word in ("created", "attempt", "s ago"))
    assert ("\x1b[32m" in terminal.seen) == coloured


@pytest.mark.parametrize(("columns", "shown"), [("120", 7), ("80", 5), ("60", 3)])
def test_a_narrow_terminal_leaves_columns_out_and_never_cuts_an_id(served: Path, columns: str, shown: int) -> None:
    Terminal("submit", "-T", "math", "-P", "1", cwd=served).end()
    id = call_real("list", "-n", "1", cwd=served).stdout[:36]
    terminal = Terminal("list", "-n", "1", "-T", "math", cwd=served, COLUMNS=columns)
    assert terminal.end() == 0
    [headers] = [line for line in plain(terminal.seen).splitlines() if " state " in line]
    assert len(headers.split()) == shown
    assert id in terminal.seen


def test_errors_are_red_on_a_terminal(served: Path) -> None:
    terminal = Terminal("get", "nonsense", cwd=served)
    assert terminal.end() == 3
    assert "\x1b[31merror:\x1b[0m there is no task" in terminal.seen


def test_watch_is_a_table_that_refreshes(call: Call, in_served: Path) -> None:
    terminal = Terminal("watch", cwd=in_served)
    terminal.until("created")
    id = call("submit", "-T", "math", "-P", "1 / 0", "--json").stdout.partition('"id":"')[2][:36]
    terminal.until(id)
    terminal.until("failed")
    terminal.process.send_signal(2)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.seen


def test_an_empty_list_says_so(here: Path) -> None:
    terminal = Terminal("list", cwd=here)
    assert terminal.end() == 0
    assert "no task matches" in terminal.seen


def test_doctor_shows_a_table_and_then_what_to_do(here: Path) -> None:
    terminal = Terminal("doctor", "--broker", "ampq://h", cwd=here)
    assert terminal.end() == 1
    table, _, todo = plain(terminal.seen).rpartition("not the URL of a broker")
    assert re.search(r"check +level +found", table)
    assert re.search(r"store write +ok +written and read back in", table)
    assert "workers: start one: taskmill worker" in todo
    assert "broker: did you mean amqp://?" in todo


def test_copy_shows_a_bar_and_then_one_line(here: Path) -> None:
    assert call_real("submit", "-T", "math", "-P", "1", "--no-wait", cwd=here).returncode == 0
    terminal = Terminal("copy", "--from", "sqlite:///taskmill.db", "--to", "sqlite:///new.db", cwd=here)
    assert terminal.end() == 0
    assert "1/1" in terminal.seen
    assert plain(terminal.seen).splitlines()[-1] == f"1 task of {here}/taskmill.db: 1 copied; checked in {here}/new.db"
