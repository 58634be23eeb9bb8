"""Mail handed to an SMTP server, one step after the other, each answer judged.

5xx is final and 4xx is tried again, as RFC 5321 has it. What the server took is in the ledger before anyone is told.
"""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator

from taskmill.catalogue.hosts import ascii_host
from taskmill.catalogue.mail.ledger import Ledger
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import Smtp
from taskmill.core.outcome import Retry
from taskmill.executors.contract import Context

TIMEOUT = 60.0
"""Seconds for each answer."""


class MailServerAway(Exception):
    """No connection, or it broke; another try may do better."""


def transmit(ctx: Context, smtp: Smtp, sender: str, recipients: list[str], mail: bytes, ledger: Ledger) -> None:
    """Raises Refusal, Retry and MailServerAway. What became of each recipient is in the ledger."""
    with _connection(smtp) as server:
        ctx.raise_if_cancelled()
        _expect(server.mail(sender, _size(server, mail)), f"the sender {sender}")
        willing, busy = _willing(server, recipients, ledger)
        ctx.raise_if_cancelled()
        if willing:
            _send(server, willing, mail, ledger)
        else:
            ledger.write()
    if busy:
        raise Retry(None, f"the SMTP server will take it later for {_listed(busy)}")


@contextlib.contextmanager
def _connection(smtp: Smtp) -> Iterator[smtplib.SMTP]:
    place = f"the SMTP server {smtp.host}:{smtp.port}"
    try:
        server = _connect(smtp, place)
        try:
            _log_in(server, smtp, place)
            yield server
            with contextlib.suppress(smtplib.SMTPException, OSError):  # it has said what matters
                server.quit()
        finally:
            server.close()
    except ssl.SSLCertVerificationError as error:
        raise Refusal(f"{place} shows a certificate that is not trusted: {error.verify_message}") from None
    except smtplib.SMTPResponseException as error:
        _judge(error.smtp_code, error.smtp_error, place)
        raise MailServerAway(f"{place} answers {_said(error.smtp_error)}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailServerAway(f"{place}: {str(error) or type(error).__name__}") from None


def _connect(smtp: Smtp, place: str) -> smtplib.SMTP:
    name, host = socket.gethostname(), smtp.host if ":" in smtp.host else ascii_host(smtp.host)
    server: smtplib.SMTP
    if smtp.security == "tls":
        trust = ssl.create_default_context()
        server = smtplib.SMTP_SSL(host, smtp.port, name, timeout=TIMEOUT, context=trust)
    else:
        server = smtplib.SMTP(host, smtp.port, name, timeout=TIMEOUT)
    try:
        server.ehlo_or_helo_if_needed()
        if smtp.security == "starttls":
            _start_tls(server, place)
    except BaseException:
        server.close()
        raise
    return server


def _start_tls(server: smtplib.SMTP, place: str) -> None:
    try:
        server.starttls(context=ssl.create_default_context())
    except smtplib.SMTPNotSupportedError:
        raise Refusal(f"{place} offers no STARTTLS; the operator may set smtp_security to tls or none") from None
    server.ehlo_or_helo_if_needed()


def _log_in(server: smtplib.SMTP, smtp: Smtp, place: str) -> None:
    if smtp.user is None:
        return
    try:
        server.login(smtp.user, smtp.password or "")
    except smtplib.SMTPNotSupportedError:
        raise Refusal(f"{place} takes no login; the operator may unset smtp_user") from None
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code >= 500:
            raise Refusal(
                f"{place} refuses the login; the operator should look at smtp_user and its password"
            ) from None
        raise


def _size(server: smtplib.SMTP, mail: bytes) -> list[str]:
    return [f"SIZE={len(mail)}"] if server.has_extn("size") else []


def _willing(server: smtplib.SMTP, recipients: list[str], ledger: Ledger) -> tuple[list[str], list[str]]:
    """For whom the server would take it now, and for whom later; those whom it refuses are in the ledger."""
    willing, busy = [], []
    for recipient in recipients:
        code, said = server.rcpt(recipient)
        if code in (250, 251):
            willing.append(recipient)
        elif 500 <= code < 600:
            ledger.entry.refused[recipient] = _said(said, code)
        elif code == 421:
            raise Retry(None, f"the SMTP server is closing: {_said(said, code)}")
        else:
            busy.append(recipient)
    return willing, busy


def _send(server: smtplib.SMTP, recipients: list[str], mail: bytes, ledger: Ledger) -> None:
    ledger.entry.asked = recipients
    ledger.write()
    code, said = _answer(server, mail)
    ledger.entry.asked = []
    if code == 250:
        ledger.entry.taken |= dict.fromkeys(recipients, _said(said))
    ledger.write()
    _expect((code, said), "the mail")


def _answer(server: smtplib.SMTP, mail: bytes) -> tuple[int, bytes | str]:
    try:
        return server.data(mail)
    except smtplib.SMTPDataError as error:  # it did not even want to see it
        return error.smtp_code, error.smtp_error


def _expect(answer: tuple[int, bytes | str], what: str) -> None:
    code, said = answer
    if code != 250:
        _judge(code, said, f"the SMTP server, about {what},")


def _judge(code: int, said: bytes | str, who: str) -> None:
    if 500 <= code < 600:
        raise Refusal(f"{who} says no: {_said(said, code)}")
    if 400 <= code < 500:
        raise Retry(None, f"{who} is busy: {_said(said, code)}")


def _said(text: bytes | str, code: int | None = None) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(f"{code or ''} {words}".split())[:300]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
