"""Standard error, whoever reads it, in a process whose reader is here."""

import os
import subprocess
import sys

import pytest

WRITER = """
import os, sys
from taskmill.core.standard_error import write
{before}
for number in range(2000):
    write(f"line {{number}} " + "x" * 100 + "\\n")
print("written", flush=True)
sys.stdin.readline()
write("the last one\\n")
"""


def writer(before: str = "") -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", WRITER.format(before=before)], stdin=pipe, stdout=pipe, stderr=pipe)


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", "os.set_blocking(2, False)"])
def test_a_reader_that_stops_holds_up_nobody_and_is_told_what_it_missed(before: str) -> None:
    with writer(before) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"written\n"
        first = os.read(process.stderr.fileno(), 2**20).decode().splitlines()
        process.stdin.write(b"go on\n")
        process.stdin.flush()
        rest = process.stderr.read().decode().splitlines()
    assert first == [f"line {number} " + "x" * 100 for number in range(len(first))], "whole lines, from the first on"
    assert rest == [f"({2000 - len(first)} lines are left out here: nobody read them)", "the last one"]


@pytest.mark.slow
def test_a_reader_that_is_slow_misses_nothing() -> None:
    with writer() as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"go on\n")
        process.stdin.flush()
        lines = process.stderr.read().decode().splitlines()
    assert lines == [*(f"line {number} " + "x" * 100 for number in range(2000)), "the last one"]


@pytest.mark.slow
def test_a_reader_that_is_gone_holds_up_nobody() -> None:
    with writer() as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.close()
        assert process.stdout.readline() == b"written\n"
