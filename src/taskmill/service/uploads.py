"""Files that callers hand in for task types to read: taken in piece by piece, kept below the first of `file_roots`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

from msgspec import Struct

from taskmill.catalogue import settings
from taskmill.catalogue.files import uploads
from taskmill.catalogue.files.places import Place
from taskmill.catalogue.refusal import Refusal
from taskmill.core.errors import InvalidRequest, NotFound, Problem, TooLarge
from taskmill.core.times import iso
from taskmill.service.errors import FilesUnavailable
from taskmill.service.views import Time

Upload = uploads.Upload
Pieces = Callable[[int], AsyncIterator[bytes]]
"""The content as it comes; raises TooLarge once it is more than so many bytes."""


class UploadView(Struct):
    name: str
    path: uploads.FilePath
    bytes: int
    modified_at: Time


class Uploads(Struct):
    """The newest ones."""

    uploads: list[UploadView]


async def take_in(name: str, pieces: Pieces) -> tuple[Upload, bool]:
    """The file, and whether it took the place of one of that name; it is there as a whole or not at all.

    Raises InvalidRequest (no plain name), TooLarge, FilesUnavailable.
    """
    with _explained():
        place = uploads.place_of(name)
        replaced = await asyncio.to_thread(place.path.exists)
        async with _receiving(place) as file:
            async for piece in pieces(settings.current().upload_limit):
                await asyncio.to_thread(file.write, piece)
        return file.upload, replaced


async def newest() -> Uploads:
    """Raises FilesUnavailable."""
    with _explained():
        found = await asyncio.to_thread(uploads.listed)
    return Uploads([UploadView(one.name, one.path, one.bytes, iso(one.modified_at)) for one in found])


async def delete(name: str) -> None:
    """Raises NotFound, InvalidRequest, FilesUnavailable."""
    with _explained():
        if not await asyncio.to_thread(uploads.delete, name):
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
