"""Shell completion of values. It reads the store if there is one, and is silent about every trouble."""

from typing import TYPE_CHECKING

import click

from taskmill.core.errors import TaskmillError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskmill.service.service import Service

NEWEST = 20


def complete_task_type(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _starting(incomplete, ctx, _task_types)


def complete_id(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _starting(incomplete, ctx, _newest_ids)


def complete_queue(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _starting(incomplete, ctx, _queues)


def _starting(incomplete: str, ctx: click.Context, read: "Callable[[Service], list[str]]") -> list[str]:
    from taskmill.cli.session import session

    try:
        with session(ctx.params.get("store"), ctx.params.get("config")) as (service, _):
            return [name for name in read(service) if name.startswith(incomplete)]
    except TaskmillError:
        return []


def _task_types(service: "Service") -> list[str]:
    from taskmill.sdk.sync import run

    return [task_type.name for task_type in run(service.task_types()).task_types]


def _queues(service: "Service") -> list[str]:
    from taskmill.sdk.sync import run

    return [queue.name for queue in run(service.queues()).queues]


def _newest_ids(service: "Service") -> list[str]:
    from taskmill.sdk.sync import run
    from taskmill.service.views import Where

    return [task.id for task in run(service.tasks(Where(), NEWEST)).tasks]
