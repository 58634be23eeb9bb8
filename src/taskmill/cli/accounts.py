"""`user`, `token` and `session`: who may come to a server, and what they may do."""

import sys
from typing import Any

import click

from taskmill.cli.options import json_option, store_options
from taskmill.cli.output import details, document, rows
from taskmill.core.access import Role, Scope
from taskmill.core.errors import InvalidRequest
from taskmill.service.account_views import TOKEN_DAYS, NewToken, NewUser, TokenView, UserChange, UserView
from taskmill.service.session import open_session

_name = click.argument("name", metavar="NAME")
_role = click.Choice([str(role) for role in Role])
_password = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
_payloads = click.option("--payloads/--no-payloads", default=None, help="Whether they see what is in tasks.")


@click.group()
def user() -> None:
    """People who may log in to a server: list, add, change, remove."""


@user.command("list")
@json_option
@store_options
def list_users(as_json: bool, **where: Any) -> None:
    """List users with their roles."""
    with open_session(**where) as session:
        found = session.run(session.service.accounts.users())
    if as_json:
        document(found)
    else:
        lines = [(one.name, one.role, one.payloads, one.disabled, one.created_at) for one in found.users]
        rows(("name", "role", "payloads", "disabled", "created"), lines, "nobody yet: taskmill user add NAME")


@user.command("add")
@_name
@click.option("--role", type=_role, default=str(Role.VIEWER), show_default=True, help="What they may do.")
@_payloads
@_password
@json_option
@store_options
def add_user(name: str, role: str, payloads: bool | None, password_stdin: bool, as_json: bool, **where: Any) -> None:
    """Add a user; asks for the password.

    A viewer sees, an operator also makes, cancels, retries and deletes tasks, an admin also says who may come.
    """
    with open_session(**where) as session:
        password = _ask(password_stdin)
        new = NewUser(name=name.lower(), password=password, role=Role(role), payloads=payloads is not False)
        _show_user(session.run(session.service.accounts.add_user(new)), as_json)


@user.command("change")
@_name
@click.option("--role", type=_role, help="What they may do.")
@_payloads
@json_option
@store_options
def change_user(name: str, role: str | None, payloads: bool | None, as_json: bool, **where: Any) -> None:
    """Change what a user may do; their sessions end."""
    if role is None and payloads is None:
        raise InvalidRequest("nothing is to be changed", hint="give --role, --payloads or --no-payloads")
    _change(name, UserChange(role=None if role is None else Role(role), payloads=payloads), as_json, where)


@user.command()
@_name
@_password
@json_option
@store_options
def password(name: str, password_stdin: bool, as_json: bool, **where: Any) -> None:
    """Give a user a new password; their sessions end."""
    _change(name, UserChange(password=_ask(password_stdin)), as_json, where)


@user.command()
@_name
@json_option
@store_options
def disable(name: str, as_json: bool, **where: Any) -> None:
    """Let a user in no more; their sessions end."""
    _change(name, UserChange(disabled=True), as_json, where)


@user.command()
@_name
@json_option
@store_options
def enable(name: str, as_json: bool, **where: Any) -> None:
    """Let a disabled user in again."""
    _change(name, UserChange(disabled=False), as_json, where)


@user.command("remove")
@_name
@store_options
def remove_user(name: str, **where: Any) -> None:
    """Remove a user; their sessions end."""
    with open_session(**where) as session:
        session.run(session.service.accounts.drop_user(name))


@click.group()
def token() -> None:
    """Secrets for programs: list, create, revoke."""


@token.command("list")
@json_option
@store_options
def list_tokens(as_json: bool, **where: Any) -> None:
    """List tokens, without their secrets."""
    with open_session(**where) as session:
        found = session.run(session.service.accounts.tokens())
    if as_json:
        document(found)
    else:
        lines = [
            (one.id, one.name, one.scopes, _limits(one), one.created_by, one.expires_at or "never", one.used_at)
            for one in found.tokens
        ]
        heads = ("id", "name", "scopes", "only", "created by", "expires", "used")
        rows(heads, lines, "there is none yet: taskmill token create NAME --scope read", spare=("created by", "used"))


@token.command("create")
@_name
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What it may do; may be given again.",
)
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="Only tasks in this queue; may be given again.")
@click.option("-T", "--type", "task_types", multiple=True, metavar="NAME", help="Only tasks of this type.")
@click.option("--days", type=int, default=TOKEN_DAYS, show_default=True, help="Until it expires; 0: never.")
@json_option
@store_options
def create_token(
    name: str,
    scopes: tuple[str, ...],
    queues: tuple[str, ...],
    task_types: tuple[str, ...],
    days: int,
    as_json: bool,
    **where: Any,
) -> None:
    """Create a token, and print it: it is not shown again.

    Programs send it as `Authorization: Bearer TOKEN`.
    """
    new = NewToken(
        name=name,
        scopes=[Scope(scope) for scope in scopes],
        queues=list(queues) or None,
        task_types=list(task_types) or None,
        days=days or None,
    )
    with open_session(**where) as session:
        made = session.run(session.service.accounts.create_token(new, "local"))
    if as_json:
        document(made)
    else:
        click.echo(made.token)
        click.echo(f"keep it now, it is not shown again; it expires {made.expires_at or 'never'}", err=True)


@token.command()
@click.argument("token", metavar="ID|NAME")
@store_options
def revoke(token: str, **where: Any) -> None:
    """Revoke a token by its id or its name, at once and everywhere."""
    with open_session(**where) as session:
        session.run(session.service.accounts.revoke_token(token))


@click.group()
def session() -> None:
    """Who is logged in: list, end."""


@session.command("list")
@json_option
@store_options
def list_sessions(as_json: bool, **where: Any) -> None:
    """List who is logged in, and where."""
    with open_session(**where) as session:
        found = session.run(session.service.accounts.sessions())
    if as_json:
        document(found)
    else:
        lines = [(one.id, one.user, one.address, one.agent, one.used_at, one.ends_at) for one in found.sessions]
        rows(("id", "user", "address", "agent", "used", "ends"), lines, "nobody is logged in", spare=("agent",))


@session.command()
@click.argument("id", metavar="ID")
@store_options
def end(id: str, **where: Any) -> None:
    """End a session."""
    with open_session(**where) as session:
        session.run(session.service.accounts.end_session(id))


def _change(name: str, change: UserChange, as_json: bool, where: dict[str, Any]) -> None:
    with open_session(**where) as session:
        _show_user(session.run(session.service.accounts.change_user(name, change)), as_json)


def _show_user(user: UserView, as_json: bool) -> None:
    if as_json:
        document(user)
    else:
        details((("name", user.name), ("role", user.role), ("payloads", user.payloads), ("disabled", user.disabled)))


def _limits(token: TokenView) -> str:
    return " ".join([*(f"queue:{name}" for name in token.queues or ()), *(token.task_types or ())]) or "all"


def _ask(from_stdin: bool) -> str:
    """Raises InvalidRequest where nobody can be asked."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise InvalidRequest("there is no terminal to ask for the password at", hint="give it with --password-stdin")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
