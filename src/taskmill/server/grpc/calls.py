"""What every call does: say who asks, and turn errors into statuses."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import unquote

import grpc

from taskmill.core.errors import TaskmillError, Unauthenticated
from taskmill.server.grpc.faults import abort
from taskmill.service.access import Access, Credentials
from taskmill.service.errors import NotReady
from taskmill.service.service import Service

log = logging.getLogger(__name__)
R = TypeVar("R")


class Face:
    """A servicer whose methods get the service as the caller may use it, in place of the context."""

    def __init__(self, access: Access) -> None:
        self.access = access


def unary(work: Callable[[Any, Service, Any], Awaitable[R]]) -> Callable[[Any, Any, Any], Awaitable[R]]:
    @functools.wraps(work)
    async def call(face: Face, request: Any, context: Any) -> R:
        try:
            return await work(face, await face.access.service_for(credentials(context)), request)
        except TaskmillError as error:
            await abort(context, error)
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception:
            log.exception("%s failed", work.__name__)
            await abort(context, TaskmillError("the server's log has the details"))

    return call


def storing(work: Callable[[Any, Service, Any], Awaitable[R]]) -> Callable[[Any, Service, Any], Awaitable[R]]:
    """A client that leaves, or whose deadline has passed, does not end half-way what it wanted to be stored."""

    @functools.wraps(work)
    async def call(face: Any, service: Service, request: Any) -> R:
        return await asyncio.shield(asyncio.ensure_future(work(face, service, request)))

    return call


def stream(work: Callable[[Any, Service, Any], AsyncIterator[R]]) -> Callable[[Any, Any, Any], AsyncIterator[R]]:
    @functools.wraps(work)
    async def call(face: Face, request: Any, context: Any) -> AsyncIterator[R]:
        task, streams = asyncio.current_task(), face.access.service.streams
        assert task is not None
        try:
            service = await face.access.service_for(credentials(context))
            with streams.counted(task):
                async for response in work(face, service, request):
                    yield response
        except TaskmillError as error:
            await abort(context, error)
        except asyncio.CancelledError:
            if streams.is_stopped:
                await abort(context, NotReady("the server is stopping"))
            raise
        except grpc.aio.AbortError:
            raise
        except Exception:
            log.exception("%s failed", work.__name__)
            await abort(context, TaskmillError("the server's log has the details"))

    return call


def credentials(context: Any) -> Credentials:
    """Raises Unauthenticated for a header that is none."""
    token = None
    for name, value in context.invocation_metadata() or ():
        if name == "authorization":
            kind, _, token = value.partition(" ")
            if kind.lower() != "bearer" or not token.strip():
                raise Unauthenticated("the metadata authorization is not of the form: Bearer TOKEN")
            token = token.strip()
    return Credentials("grpc", token, None, _address(context.peer()))


def _address(peer: str) -> str:
    """Of ipv4:127.0.0.1:50000 and ipv6:%5B::1%5D:50000."""
    return unquote(peer.partition(":")[2]).rpartition(":")[0].strip("[]")
