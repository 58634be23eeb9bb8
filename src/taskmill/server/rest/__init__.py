"""The REST face: one file per resource, each with its routes beside its endpoints."""

from taskmill.server.rest import batch, bulk, compatible, events, health, login, registry, tasks, uploads
from taskmill.server.rest.http import Route

ROUTES: tuple[Route, ...] = (
    *tasks.ROUTES,
    *events.ROUTES,
    *batch.ROUTES,
    *bulk.ROUTES,
    *registry.ROUTES,
    *uploads.ROUTES,
    *login.ROUTES,
    *health.ROUTES,
    *compatible.ROUTES,
)
