"""What goes in and out of the accounts: users, tokens, sessions."""

from typing import Annotated

from msgspec import Meta, Struct

from taskmill.core.access import Role, Scope
from taskmill.service.views import Name, Time

TOKEN_DAYS = 90


class UserView(Struct, kw_only=True):
    """Somebody who can log in."""

    name: str
    role: Role
    payloads: Annotated[bool, Meta(description="Whether they see what is in tasks.")]
    disabled: bool
    created_at: Time


class Users(Struct):
    users: list[UserView]


class NewUser(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[Name, Meta(description="In lower case.", examples=["ada"])]
    password: Annotated[str, Meta(description="At least 12 characters.", examples=["correct horse battery"])]
    role: Role = Role.VIEWER
    payloads: bool = True


class UserChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is given changes. Their sessions end."""

    password: str | None = None
    role: Role | None = None
    payloads: bool | None = None
    disabled: bool | None = None


class TokenView(Struct, kw_only=True):
    """A secret for a program, without the secret."""

    id: str
    name: str
    scopes: list[Scope]
    queues: Annotated[list[str] | None, Meta(description="Only these; null: all.")]
    task_types: Annotated[list[str] | None, Meta(description="Only these; null: all.")]
    created_by: str
    created_at: Time
    expires_at: Time | None
    used_at: Annotated[Time | None, Meta(description="The last time, to the minute.")]


class Tokens(Struct):
    tokens: list[TokenView]


class NewToken(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[Name, Meta(examples=["ci"])]
    scopes: Annotated[list[Scope], Meta(examples=[["read", "submit"]])]
    queues: list[Name] | None = None
    task_types: list[Name] | None = None
    days: Annotated[int | None, Meta(description="Until it expires; null: never.")] = TOKEN_DAYS


class CreatedToken(TokenView, kw_only=True):
    """The only time that the secret is shown."""

    token: Annotated[str, Meta(examples=["tmk_3kq9x0ab_…"])]


class SessionView(Struct, kw_only=True):
    """Where somebody is logged in."""

    id: str
    user: str
    address: str
    agent: str
    created_at: Time
    used_at: Time | None
    ends_at: Time


class Sessions(Struct):
    sessions: list[SessionView]
