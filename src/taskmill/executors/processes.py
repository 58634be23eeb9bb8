"""Each attempt in a child process that does nothing else meanwhile, and can be killed.

Children are kept for the next attempt, so only the first one waits for an interpreter to start.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from taskmill.core.outcome import Lost, Outcome
from taskmill.core.task import Spec
from taskmill.executors.contract import Context, Handler
from taskmill.executors.death import describe_death
from taskmill.executors.frames import LENGTH, pack, to_outcome, unpack

PATIENCE = 5.0
"""Seconds a child may go on after its task was cancelled, before it is killed."""


class Processes:
    def __init__(self, command: Sequence[str]) -> None:
        """`command` starts a child that serves attempts on its standard input and output."""
        self._command = command
        self._idle: list[asyncio.subprocess.Process] = []
        self._children: dict[Context, asyncio.subprocess.Process] = {}

    async def run(self, handler: Handler, spec: Spec, context: Context) -> Outcome:
        child = self._idle.pop() if self._idle else await self._spawn()
        self._children[context] = child
        try:
            outcome = await self._converse(child, spec, context)
        except asyncio.CancelledError:
            await _kill(child)
            raise
        finally:
            del self._children[context]
        if child.returncode is None:
            self._idle.append(child)
        return outcome

    def request_stop(self, context: Context) -> None:
        child = self._children.get(context)
        if child is not None:
            _send(child, pack("stop"))
            asyncio.get_running_loop().call_later(PATIENCE, self._kill_if_still, context, child)

    async def close(self) -> None:
        await asyncio.gather(*(_kill(child) for child in [*self._idle, *self._children.values()]))

    async def _spawn(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, limit=2**26, start_new_session=True
        )

    async def _converse(self, child: asyncio.subprocess.Process, spec: Spec, context: Context) -> Outcome:
        assert child.stdout is not None
        _send(child, pack("run", spec, context.attempt))
        try:
            while True:
                size = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))[0]
                kind, *values = unpack(await child.stdout.readexactly(size))
                if kind == "progress":
                    context.progress(*values)
                elif kind == "log":
                    context.log(*values)
                else:
                    return to_outcome(kind, values)
        except asyncio.IncompleteReadError:
            return await _died(child)

    def _kill_if_still(self, context: Context, child: asyncio.subprocess.Process) -> None:
        if self._children.get(context) is child:
            child.kill()


def _send(child: asyncio.subprocess.Process, frame: bytes) -> None:
    assert child.stdin is not None
    with contextlib.suppress(OSError, RuntimeError):  # a dead child is noticed where its answer is read
        child.stdin.write(frame)


async def _died(child: asyncio.subprocess.Process) -> Lost:
    return Lost(describe_death(await child.wait(), "the process of this attempt"))


async def _kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    await child.wait()
