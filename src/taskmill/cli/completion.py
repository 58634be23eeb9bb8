"""`completion`: the script that teaches a shell to complete; and the values that are read from the store for it."""

from typing import Literal

import click
from click.shell_completion import get_completion_class

from taskmill.core.errors import TaskmillError

SHELLS = ("bash", "zsh", "fish")
NEWEST = 20


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a completion script.

    \b
    bash:  eval "$(taskmill completion bash)"           in ~/.bashrc
    zsh:   eval "$(taskmill completion zsh)"            in ~/.zshrc
    fish:  taskmill completion fish | source            in ~/.config/fish/config.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.find_root().command, {}, "taskmill", "_TASKMILL_COMPLETE").source())


def complete_task_type(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _names("task types", ctx, incomplete)


def complete_queue(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _names("queues", ctx, incomplete)


def complete_id(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _names("tasks", ctx, incomplete)


def _names(what: Literal["task types", "queues", "tasks"], ctx: click.Context, incomplete: str) -> list[str]:
    """None, silently, where the store cannot be read."""
    # Imported here, because these options are also those of `up`, whose supervisor should carry no service.
    from taskmill.service.session import open_session
    from taskmill.service.views import Where

    try:
        with open_session(ctx.params.get("store"), ctx.params.get("config")) as session:
            if what == "tasks":
                names = [task.id for task in session.run(session.service.tasks(Where(), NEWEST)).tasks]
            elif what == "queues":
                names = [queue.name for queue in session.run(session.service.queues()).queues]
            else:
                names = [task_type.name for task_type in session.run(session.service.task_types()).task_types]
            return [name for name in names if name.startswith(incomplete)]
    except TaskmillError:
        return []
