"""/api/uploads: files for task types to read."""

from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.service import uploads

UPLOAD = "/api/uploads/{name}"
REFUSALS = ("invalid_request", "not_found", "files_unavailable")


async def put(call: HttpCall) -> Reply:
    upload, replaced = await call.service.uploads.take_in(call.names[0], call.pieces)
    return ok(upload, 200 if replaced else 201)


async def several(call: HttpCall) -> Reply:
    return ok(await call.service.uploads.newest())


async def delete(call: HttpCall) -> Reply:
    await call.service.uploads.delete(call.names[0])
    return Reply(204)


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
        {200: uploads.Uploads},
        errors=("files_unavailable",),
    ),
    Route("DELETE", UPLOAD, delete, "Delete a file that was handed in", {204: None}, errors=REFUSALS),
)
