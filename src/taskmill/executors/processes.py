"""Each attempt in a child process that does nothing else meanwhile, and can be killed.

Children are kept for the next attempt, so only the first one waits for an interpreter to start. A child says when it
begins: one that dies before did the task no harm.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Any

from taskmill.core.outcome import Failure, Lost, Outcome, Stopped
from taskmill.executors.contract import Context, Handler
from taskmill.executors.death import describe_death
from taskmill.executors.frames import LENGTH, pack, to_outcome, unpack

Child = asyncio.subprocess.Process

EXIT_TIMEOUT = 1.0
"""Seconds that a child may take to end after it closed its pipe."""


class NeverBegan(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Processes:
    def __init__(self, command: Sequence[str], first: bytes = b"", stop_timeout: float = 5.0) -> None:
        """`command` starts a child that serves attempts on its standard input and output.

        `first`: what it gets before all else, and what a command line would show to everyone on the machine.
        `stop_timeout`: seconds that a child may go on after its task was cancelled, before it is killed.
        """
        self._command = command
        self._first = first
        self._stop_timeout = stop_timeout
        self._idle: list[Child] = []
        self._children: dict[Context, Child] = {}

    async def run(self, handler: Handler, context: Context) -> Outcome:
        if self._idle:
            with contextlib.suppress(NeverBegan):  # it died, or was killed, while it was idle
                return await self._use(self._idle.pop(), context)
        try:
            return await self._use(await self._spawn(), context)
        except NeverBegan as never:
            message = f"{never.failure.message} before the attempt began; the worker's log may say why"
            return Lost(never.failure._replace(message=message))

    def request_stop(self, context: Context) -> None:
        child = self._children.get(context)
        if child is not None:
            _send(child, pack("stop"))
            asyncio.get_running_loop().call_later(self._stop_timeout, self._kill_if_still, context, child)

    async def close(self) -> None:
        await asyncio.gather(*(_kill(child) for child in [*self._idle, *self._children.values()]))

    async def _spawn(self) -> Child:
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe, start_new_session=True)
        _send(child, self._first)
        return child

    async def _use(self, child: Child, context: Context) -> Outcome:
        self._children[context] = child
        try:
            outcome = await self._converse(child, context)
        except BaseException:
            await _kill(child)
            raise
        finally:
            del self._children[context]
        if child.returncode is None:
            self._idle.append(child)
        return outcome

    async def _converse(self, child: Child, context: Context) -> Outcome:
        _send(child, pack("run", context.task, context.attempt))
        if context.cancelled:  # while the child was starting
            self.request_stop(context)
        began = False
        try:
            while True:
                kind, *values = await _receive(child)
                if kind == "began":
                    began = True
                elif kind == "progress":
                    context.progress(*values)
                elif kind == "log":
                    context.log(*values)
                else:
                    return to_outcome(kind, values)
        except asyncio.IncompleteReadError:
            return await self._died(child, context, began)

    async def _died(self, child: Child, context: Context, began: bool) -> Outcome:
        failure = await _end_of(child)
        await _hang_up(child)
        if context.cancelled:
            return Stopped()
        if not began:
            raise NeverBegan(failure)
        return Lost(failure, crashed=True)

    def _kill_if_still(self, context: Context, child: Child) -> None:
        if self._children.get(context) is child:
            _signal(child)


def _send(child: Child, frame: bytes) -> None:
    assert child.stdin is not None
    with contextlib.suppress(OSError, RuntimeError):  # a dead child is noticed where its answer is read
        child.stdin.write(frame)


async def _receive(child: Child) -> list[Any]:
    assert child.stdout is not None
    size = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))[0]
    return unpack(await child.stdout.readexactly(size))


async def _end_of(child: Child) -> Failure:
    """Its pipe is closed: it ended, or its handler closed what it did not open."""
    try:
        async with asyncio.timeout(EXIT_TIMEOUT):
            code = await child.wait()
    except TimeoutError:
        await _kill(child)
        return Failure("worker_lost", "PipeClosed", "the handler closed the pipe of its process")
    return describe_death(code, "the process of this attempt")


async def _hang_up(child: Child) -> None:
    """A write that came too late fails here: left alone, some Pythons log it with the lines of another attempt."""
    assert child.stdin is not None
    child.stdin.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(EXIT_TIMEOUT):
            await child.stdin.wait_closed()


async def _kill(child: Child) -> None:
    _signal(child)
    await child.wait()


def _signal(child: Child) -> None:
    """It leads a session of its own: what its handler started ends with it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
