"""/api/uploads: files for task types to read, taken in piece by piece and kept below the first of `file_roots`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from msgspec import Struct

from taskmill.catalogue import settings
from taskmill.catalogue.files import uploads
from taskmill.catalogue.files.places import Place
from taskmill.catalogue.refusal import Refusal
from taskmill.core.errors import InvalidRequest, NotFound, Problem, TooLarge
from taskmill.core.times import iso
from taskmill.server.web import Call, Reply, Route, ok
from taskmill.service.faults import FilesUnavailable
from taskmill.service.views import Time

UPLOAD = "/api/uploads/{name}"
REFUSALS = ("invalid_request", "not_found", "files_unavailable")


class UploadView(Struct):
    name: str
    path: uploads.FilePath
    bytes: int
    modified_at: Time


class Uploads(Struct):
    """The newest ones."""

    uploads: list[UploadView]


async def put(call: Call) -> Reply:
    with _explained():
        place = uploads.place_of(call.names[0])
        there_before = await asyncio.to_thread(place.path.exists)
        async with _receiving(place) as file:
            async for piece in call.pieces(settings.current().upload_limit):
                await asyncio.to_thread(file.write, piece)
        return ok(file.upload, 200 if there_before else 201)


async def several(_: Call) -> Reply:
    with _explained():
        found = await asyncio.to_thread(uploads.listed)
    return ok(Uploads([UploadView(one.name, one.path, one.bytes, iso(one.modified_at)) for one in found]))


async def delete(call: Call) -> Reply:
    with _explained():
        if await asyncio.to_thread(uploads.delete, call.names[0]):
            return Reply(204)
    raise NotFound("there is no upload of that name", hint="GET /api/uploads lists them")


@contextlib.asynccontextmanager
async def _receiving(place: Place) -> AsyncIterator[uploads.Receiving]:
    """In threads, because disks take their time."""
    manager = uploads.receiving(place)
    file = await asyncio.to_thread(manager.__enter__)
    try:
        yield file
    except BaseException as error:
        await asyncio.to_thread(manager.__exit__, type(error), error, error.__traceback__)
        raise
    await asyncio.to_thread(manager.__exit__, None, None, None)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except TooLarge as error:
        raise TooLarge(str(error), hint="the operator may raise the setting upload_limit") from None
    except Refusal as refusal:
        raise InvalidRequest(str(refusal), problems=[Problem("name", str(refusal))]) from None
    except OSError as error:
        what = f"the server cannot keep files below {settings.current().roots[0]}/: {error.strerror or error}"
        raise FilesUnavailable(
            what, hint="the operator may set file_roots to a folder that can be written to"
        ) from None


ROUTES = (
    Route(
        "PUT",
        UPLOAD,
        put,
        "Hand in a file: the body is its content; one of that name is replaced (200)",
        {200: uploads.Upload, 201: uploads.Upload},
        errors=(*REFUSALS, "too_large"),
        raw=True,
    ),
    Route(
        "GET",
        "/api/uploads",
        several,
        "List the newest 1 000 files that were handed in",
        {200: Uploads},
        errors=("files_unavailable",),
    ),
    Route("DELETE", UPLOAD, delete, "Delete a file that was handed in", {204: None}, errors=REFUSALS),
)
