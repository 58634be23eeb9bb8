"""Passwords: argon2id, with the least that OWASP's Password Storage Cheat Sheet asks for (19 MiB, two passes)."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from taskmill.core.errors import InvalidRequest, Problem
from taskmill.core.extras import needs
from taskmill.portal import in_loop

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1_000
"""Characters."""
COMMON = ("password", "taskmill", "qwertyui", "letmein", "iloveyou", "administrator", "welcome", "changeme")
"""A password made of one of these and of what people put behind it is no secret."""

P = ParamSpec("P")
T = TypeVar("T")
_two_at_once = ThreadPoolExecutor(2, "taskmill-login")
"""Each takes 19 MiB and a core for some 20 ms: a rush of logins must not take the machine."""


def check(password: str) -> None:
    """Raises InvalidRequest."""
    core = password.lower().strip("0123456789!?.-_ ")
    if not SHORTEST <= len(password) <= LONGEST:
        why = f"must have {SHORTEST} to {LONGEST:,} characters"
    elif len(set(password)) < 5:
        why = "has too few different characters"
    elif any(core == word * (len(core) // len(word)) for word in COMMON):
        why = "is one of the first that anybody would try"
    else:
        return
    raise InvalidRequest(f"the password {why}", problems=[Problem("$.password", why)])


async def hashed(password: str) -> str:
    return await _aside(_hasher().hash, password)


async def verified(hash: str | None, password: str) -> bool:
    """It takes as long where there is no such user (None)."""
    from argon2.exceptions import VerificationError

    try:
        return await _aside(_hasher().verify, hash or _nobodys(), password[:LONGEST]) and hash is not None
    except VerificationError:
        return False


async def _aside(work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
    if not in_loop():
        return work(*values, **named)
    return await asyncio.get_running_loop().run_in_executor(_two_at_once, functools.partial(work, *values, **named))


@functools.cache
def _hasher() -> "PasswordHasher":
    with needs("auth", "a login"):
        from argon2 import PasswordHasher
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@functools.cache
def _nobodys() -> str:
    return _hasher().hash("nobody has this password")
