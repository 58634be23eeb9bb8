"""`cancel`, `retry` and `delete`: by id, or all that match a filter."""

import sys
from typing import Any, Literal

import click

from taskmill.cli.completion import complete_id
from taskmill.cli.options import filter_options, filter_values, json_option, url_options
from taskmill.cli.output import document, json_line, rows, terminal
from taskmill.core.errors import Conflict, InvalidRequest, TaskmillError
from taskmill.service.session import Session, open_session
from taskmill.service.views import Bulk

Verb = Literal["cancel", "retry", "delete"]

_ids = click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=complete_id)
_dry_run = click.option("--dry-run", is_flag=True, help="Only count what matches the filter.")


@click.command()
@_ids
@filter_options
@_dry_run
@json_option
@url_options
def cancel(**given: Any) -> None:
    """Cancel tasks, by id or by filter.

    The beginning of an id will do, where no other begins so. A filter cancels all unfinished tasks that match. A
    running task is asked to stop, and ends as cancelled once it has.
    """
    _act("cancel", **given)


@click.command()
@_ids
@filter_options
@_dry_run
@json_option
@url_options
def retry(**given: Any) -> None:
    """Run tasks again, by id or by filter.

    The beginning of an id will do, where no other begins so. A filter runs the failed tasks that match, or those in the
    --state that is given.
    """
    _act("retry", **given)


@click.command()
@_ids
@filter_options
@_dry_run
@click.option("--yes", is_flag=True, help="Delete what matches the filter without asking.")
@json_option
@url_options
def delete(**given: Any) -> None:
    """Delete ended tasks, by id or by filter, with all that is kept of them.

    The beginning of an id will do, where no other begins so. A filter deletes the succeeded, failed and cancelled tasks
    that match, once you have agreed to their number; where nobody can be asked, it takes --yes. A task that has not
    ended is refused: cancel it first.
    """
    _act("delete", **given)


def _act(
    verb: Verb,
    ids: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    store: str | None,
    config: str | None,
    broker: str | None,
    feed: str | None,
    yes: bool = True,
    **where: Any,
) -> None:
    if bool(ids) == any(where.values()) or (ids and dry_run):
        raise InvalidRequest(
            f"say which tasks to {verb}: either ids or a filter", hint=f"taskmill {verb} --queue mail --dry-run"
        )
    with open_session(store, config, broker, feed) as session:
        if ids:
            _named(session, verb, ids, as_json)
        else:
            bulk = Bulk(**filter_values(where), dry_run=dry_run)
            if not (yes or dry_run):
                _agree(session, bulk)
            _matching(session, verb, bulk, as_json)


def _agree(session: Session, bulk: Bulk) -> None:
    """What is deleted does not come back."""
    bulk.dry_run = True
    matched = session.run(session.service.delete_matching(bulk)).matched
    bulk.dry_run = False
    if not terminal(sys.stdin):
        raise InvalidRequest(
            f"{matched} ended tasks match, and nobody can be asked here", hint="add --yes to delete them"
        )
    click.confirm(f"delete {matched} ended tasks?", abort=True, err=True)


def _named(session: Session, verb: Verb, ids: tuple[str, ...], as_json: bool) -> None:
    """Each on its own: one that is refused does not stop the others."""
    service = session.service
    refused: list[TaskmillError] = []
    for id in ids:
        try:
            id = session.run(service.whole_id(id))
            if verb == "delete":
                session.run(service.delete(id))
                json_line({"id": id, "deleted": True}) if as_json else rows((), [(id, "deleted")], "")
                continue
            view = session.run(service.cancel(id) if verb == "cancel" else service.retry(id))
        except TaskmillError as error:
            refused.append(error)
            continue
        if as_json:
            json_line(view)
        else:
            state = "asked to stop" if view.cancel_requested else view.state
            rows(("id", "state"), [(view.id, state)], "")
    if len(refused) == 1:
        raise refused[0]
    if refused:
        more = "; ".join(str(error) for error in refused[:10])
        raise type(refused[0])(f"{len(refused)} of {len(ids)} were refused: {more}")


def _matching(session: Session, verb: Verb, bulk: Bulk, as_json: bool) -> None:
    service = session.service
    act = {"cancel": service.cancel_matching, "retry": service.retry_matching, "delete": service.delete_matching}[verb]
    result = session.run(act(bulk))
    if as_json:
        document(result)
    else:
        click.echo(f"{result.matched} match" if bulk.dry_run else f"{result.done} of {result.matched} done")
    if result.refused:
        first = result.refused[0]
        raise Conflict(f"{result.matched - result.done} were refused, the first ({first.id}) because {first.reason}")
