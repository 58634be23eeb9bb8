"""A real SMTP server on a free port: it keeps what it takes, and misbehaves on request."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.servers.base import free_port


@dataclass
class MailServer:
    """What the server does, and what came."""

    mails: list[EmailMessage] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    """The mails as they came over the wire."""
    recipients: list[list[str]] = field(default_factory=list)
    """Of each mail."""
    answers: dict[str, str] = field(default_factory=dict)
    """Recipient → what RCPT is answered."""
    data: list[str | None] = field(default_factory=list)
    """What DATA is answered, one for each mail; None breaks the connection once the mail was taken."""
    logins: list[bytes] = field(default_factory=list)
    port: int = 0
    before_data: list[Callable[[], None]] = field(default_factory=list)
    """Each is called once, when a mail came and was not answered yet."""
    before_quit: list[Callable[[], None]] = field(default_factory=list)
    """Each is called once, when the mail was answered and the connection is about to end."""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        answer = self.answers.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else "250 taken as 42"
        while self.before_data:
            self.before_data.pop()()
        if answer is None or answer.startswith("250"):
            self.received.append(envelope.content)
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients.append(envelope.rcpt_tos)
        if answer is None:
            server.transport.abort()
            return "250 nobody hears this"
        return answer

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        while self.before_quit:
            self.before_quit.pop()()
        return "221 bye"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == b"right", handled=False)


@contextmanager
def running_mail_server(
    trust: ssl.SSLContext | None = None, *, tls: bool = False, login: bool = False, plain: bool = False
) -> Iterator[MailServer]:
    """`trust`: with STARTTLS, or (`tls`) encrypted from the first byte. `plain`: passwords are taken unencrypted."""
    mail_server = MailServer()
    more: dict[str, Any] = {"authenticator": mail_server.authenticate, "auth_require_tls": not plain} if login else {}
    if login and not plain:
        more["auth_required"] = True
    if trust and not tls:
        more |= {"tls_context": trust, "require_starttls": True}
    mail_server.port = free_port()
    controller = Controller(mail_server, "127.0.0.1", mail_server.port, ssl_context=trust if tls else None, **more)
    controller.start()
    try:
        yield mail_server
    finally:
        controller.stop()
