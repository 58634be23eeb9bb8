"""`completion`: the script that teaches a shell to complete."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


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
