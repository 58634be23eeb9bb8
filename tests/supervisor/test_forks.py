"""Programs that uvloop starts: it runs the hooks of a fork before their pipes become the standard streams."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, os, uvloop
from taskmill.supervisor.forks import open_descriptors, separate_forks

async def main():
    transient = [fd for _ in range(100) for fd in os.pipe()]
    separate_forks(open_descriptors())
    for fd in transient:
        os.close(fd)  # and what comes next gets their numbers
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec("cat", stdin=pipe, stdout=pipe)
    print((await program.communicate(b"what it was told"))[0].decode(), end="")

uvloop.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_number_that_another_file_has_by_now_is_left_alone() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "what it was told"
