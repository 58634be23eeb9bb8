"""Files that callers hand in for task types to read: taken in piece by piece, kept below the first of `file_roots`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated

from msgspec import Meta, Struct

from taskmill.core.errors import InvalidRequest, NotFound, Problem, TooLarge
from taskmill.core.times import iso
from taskmill.plugins import FileReceiver, UploadFolder, uploads
from taskmill.service.errors import FilesUnavailable
from taskmill.service.views import Time

FilePath = Annotated[str, Meta(description="What to name it in parameters.", examples=["uploads/sales.csv"])]
Pieces = Callable[[int], AsyncIterator[bytes]]
"""The content as it comes; raises TooLarge once it is more than so many bytes."""


class Upload(Struct):
    """A file that was taken in."""

    name: str
    path: FilePath
    bytes: int
    sha256: str


class UploadView(Struct):
    name: str
    path: FilePath
    bytes: int
    modified_at: Time


class Uploads(Struct):
    """The newest ones."""

    uploads: list[UploadView]


class UploadedFiles:
    async def take_in(self, name: str, pieces: Pieces) -> tuple[Upload, bool]:
        """The file, and whether it took the place of one of that name; it is there as a whole or not at all.

        Raises InvalidRequest (no plain name), TooLarge, FilesUnavailable.
        """
        with _explained() as folder:
            replaced = await asyncio.to_thread(folder.exists, name)
            async with _receiving(folder, name) as file:
                async for piece in pieces(folder.limit):
                    await asyncio.to_thread(file.write, piece)
            return Upload(*file.received), replaced

    async def newest(self) -> Uploads:
        """Raises FilesUnavailable."""
        with _explained() as folder:
            found = await asyncio.to_thread(folder.newest)
        return Uploads([UploadView(one.name, one.path, one.bytes, iso(one.modified_at)) for one in found])

    async def delete(self, name: str) -> None:
        """Raises NotFound, InvalidRequest, FilesUnavailable."""
        with _explained() as folder:
            if not await asyncio.to_thread(folder.delete, name):
                raise NotFound("there is no upload of that name", hint="GET /api/uploads lists them")


@contextlib.asynccontextmanager
async def _receiving(folder: UploadFolder, name: str) -> AsyncIterator[FileReceiver]:
    """In threads, because disks take their time."""
    manager = folder.receive(name)
    file = await asyncio.to_thread(manager.__enter__)
    try:
        yield file
    except BaseException as error:
        await asyncio.to_thread(manager.__exit__, type(error), error, error.__traceback__)
        raise
    await asyncio.to_thread(manager.__exit__, None, None, None)


@contextlib.contextmanager
def _explained() -> Iterator[UploadFolder]:
    folder = uploads()
    if folder is None:
        raise FilesUnavailable("no installed package takes files", hint="name files that workers can read")
    try:
        yield folder
    except TooLarge as error:
        raise TooLarge(str(error), hint="the operator may raise the setting upload_limit") from None
    except ValueError as refused:
        raise InvalidRequest(str(refused), problems=[Problem("name", str(refused))]) from None
    except OSError as error:
        what = f"the server cannot keep files below {folder.root}/: {error.strerror or error}"
        raise FilesUnavailable(
            what, hint="the operator may set file_roots to a folder that can be written to"
        ) from None
