"""`submit`: hand in a task and wait for its result."""

from typing import Any

import click
import msgspec

from taskmill.cli.completion import complete_queue, complete_task_type
from taskmill.cli.follow import ctrl_c_leaves_it, follow
from taskmill.cli.hints import here
from taskmill.cli.options import duration_option, json_option, pairs_of, priority_words, url_options
from taskmill.cli.output import document
from taskmill.cli.parameters import parse, put_file
from taskmill.cli.tasks import show_outcome
from taskmill.core.errors import InvalidRequest
from taskmill.service.live_session import open_live_session
from taskmill.service.session import Session, open_session
from taskmill.service.views import Created, Draft


@click.command()
@click.option(
    "-T",
    "--type",
    "task_type",
    required=True,
    metavar="NAME",
    help="The task type; see: taskmill types",
    shell_complete=complete_task_type,
)
@click.option(
    "-P",
    "--parameters",
    "text",
    metavar="JSON|VALUE",
    help="The parameters as a JSON object; or just the value, for a task type that needs exactly one.",
)
@click.option("-p", "pairs", multiple=True, metavar="KEY=VALUE", help="One parameter; may be given again.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="PATH",
    help="A file of yours for the task: it is copied below the first of file_roots.",
)
@click.option("--priority", type=priority_words, help="Within its queue; else the one of the type.")
@click.option("--queue", metavar="NAME", help="Another queue than the task type's own.", shell_complete=complete_queue)
@duration_option("--delay", help="Not before so long from now: seconds, or like 5m.")
@duration_option("--expires", help="Cancel it if it has not started so long from now: seconds, or like 5m.")
@click.option("--key", metavar="KEY", help="While an unfinished task has this key, no second one is made.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag to find it by; may be given again.")
@click.option("--meta", "meta", multiple=True, metavar="NAME=VALUE", help="A pair of your own to find it by.")
@duration_option("--timeout", help="How long one attempt may take.")
@click.option("--retries", type=int, metavar="N", help="Attempts after the first; else as the task type says.")
@click.option("--wait/--no-wait", default=True, help="Wait for the result (the default), or print the id at once.")
@duration_option("--wait-timeout", help="Stop waiting after so long, with exit code 124; the task goes on.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of a failed task.")
@click.option("--grpc", metavar="HOST:PORT", help="Hand it in to a server there, with the token in TASKMILL_TOKEN.")
@json_option
@url_options
def submit(
    wait: bool,
    wait_timeout: float | None,
    verbose: bool,
    grpc: str | None,
    as_json: bool,
    store: str | None,
    config: str | None,
    broker: str | None,
    feed: str | None,
    **task: Any,
) -> None:
    """Hand in a task, wait for its result and print it.

    \b
    taskmill submit -T math -P "1 + 2 * 5"
    taskmill submit -T data_processing --file sales.csv
    taskmill submit -T message -p message=hello --priority high --no-wait
    """
    if grpc is not None:
        _submit_over_grpc(grpc, wait, wait_timeout, verbose, as_json, task)
        return
    if not wait:
        with open_session(store, config, broker, feed) as plain:
            created = _create(plain, **task)
            document(created) if as_json else click.echo(created.id)
            if why := plain.run(plain.service.why_not_started(created.id)):
                click.echo(f"hint: {here(why)}", err=True)
        return
    with open_live_session(store, config, broker, feed) as session:
        id = _create(session, **task).id
        with ctrl_c_leaves_it(id):
            show_outcome(follow(session, id, wait_timeout), as_json, verbose)


def _submit_over_grpc(
    target: str, wait: bool, wait_timeout: float | None, verbose: bool, as_json: bool, task: dict[str, Any]
) -> None:
    from taskmill.cli.over_grpc import remote_tasks  # megabytes

    text, pairs, file = task.pop("text"), task.pop("pairs"), task.pop("file")
    if file is not None:
        raise InvalidRequest("--file copies a file of this machine, and the server may be another one")
    tags, meta = list(task.pop("tags")), pairs_of(task.pop("meta"))
    with remote_tasks(target) as tasks:
        parameters = parse(task["task_type"], msgspec.json.decode(tasks.schema(task["task_type"])), text, pairs)
        created = tasks.create(Draft(parameters=parameters, tags=tags, meta=meta, **task))
        if wait:
            with ctrl_c_leaves_it(created.id):
                show_outcome(tasks.ended(created.id, wait_timeout), as_json, verbose)
        else:
            document(created) if as_json else click.echo(created.id)


def _create(
    session: Session,
    task_type: str,
    text: str | None,
    pairs: tuple[str, ...],
    file: str | None,
    tags: tuple[str, ...],
    meta: tuple[str, ...],
    **options: Any,
) -> Created:
    known = session.run(session.service.task_type(task_type))
    schema = msgspec.json.decode(known.schema)
    parameters = parse(known.name, schema, text, pairs)
    if file is not None:
        put_file(known.name, schema, parameters, file, session.copy_file)
    draft = Draft(task_type=known.name, parameters=parameters, tags=list(tags), meta=pairs_of(meta), **options)
    created = session.run(session.service.create(draft))
    if not created.created:
        click.echo(f"an unfinished task has this key already: {created.id}", err=True)
    return created
