"""A mail, made of what a task says. Nothing in it can become a header, a recipient or a command by itself."""

import string
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from mimetypes import guess_type
from typing import NamedTuple

from taskmill.catalogue.mail import headers
from taskmill.catalogue.mail.mailbox import Mailbox, mailbox
from taskmill.catalogue.refusal import Refusal

MAX_RECIPIENTS = 100
FILLED = 1_000_000
"""Characters that a template may become."""
POLICY = SMTP.clone(refold_source="none", cte_type="7bit")
"""Lines of ASCII, which every server takes; headers as they were written here."""


class Attachment(NamedTuple):
    name: str
    content: bytes


class Letter(NamedTuple):
    """Its parts, each already checked."""

    id: str
    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]
    subject: str
    text: str
    html: str | None
    attachments: Sequence[Attachment]

    @property
    def recipients(self) -> list[str]:
        """Every address once."""
        return list(dict.fromkeys(one.address for one in (*self.to, *self.cc, *self.bcc)))

    @property
    def message_id(self) -> str:
        """The same for every attempt of a task, so that a reader who gets it twice can tell."""
        return f"<{self.id}@{self.sender.domain}>"

    def written(self, date: str) -> bytes:
        """As it goes over the wire."""
        lines = {
            "From": headers.mailboxes([self.sender]),
            "Subject": headers.unstructured(self.subject),
            "To": headers.mailboxes(self.to),
            "Cc": headers.mailboxes(self.cc),
            "Reply-To": headers.mailboxes(self.reply_to),
            "Date": date,
            "Message-ID": self.message_id,
            "Auto-Submitted": "auto-generated",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value or name == "Subject")
        return head.encode("ascii") + self._body().as_bytes()

    def _body(self) -> EmailMessage:
        body = EmailMessage(policy=POLICY)
        body.set_content(self.text, cte=_coding(self.text))
        if self.html is not None:
            body.add_alternative(self.html, subtype="html", cte=_coding(self.html))
        for attachment in self.attachments:
            _attach(body, attachment)
        return body


def _coding(text: str) -> str | None:
    """A zero byte may not be sent as it is (RFC 5321)."""
    return "base64" if "\0" in text else None


def _attach(body: EmailMessage, attachment: Attachment) -> None:
    kind, coding = guess_type(attachment.name)
    main, _, sub = (kind or "application/octet-stream").partition("/")
    if coding or main in ("message", "multipart"):
        main, sub = "application", "octet-stream"
    body.add_attachment(attachment.content, maintype=main, subtype=sub)
    *_, part = body.iter_parts()
    del part["Content-Disposition"]
    part.set_raw("Content-Disposition", headers.attached(headers.line(attachment.name, "attachments")))


def addresses(where: str, given: str | Sequence[str] | None) -> tuple[Mailbox, ...]:
    """From `a@example.com` or `Name <a@example.com>`, one or several. Raises Refusal."""
    several = [given] if isinstance(given, str) else list(given or ())
    if len(several) > MAX_RECIPIENTS:
        raise Refusal(f"{where}: {len(several)} addresses; at most {MAX_RECIPIENTS} are taken")
    return tuple(mailbox(where, one) for one in several)


def filled(template: str, values: Mapping[str, object], where: str, *, html: bool = False) -> str:
    """`$name` and `${name}` replaced; what is put into HTML is escaped. Raises Refusal."""
    shown = {name: escape(str(value)) if html else str(value) for name, value in values.items()}
    named = (match["named"] or match["braced"] for match in string.Template.pattern.finditer(template))
    if len(template) + sum(len(shown.get(name, "")) for name in named if name) > FILLED:
        raise Refusal(f"{where}: with its values it has more than {FILLED:,} characters")
    try:
        return string.Template(template).substitute(shown)
    except KeyError as missing:
        raise Refusal(f"{where}: there is no value for ${missing.args[0]}; add it to `values`, or write $$") from None
    except ValueError as wrong:
        raise Refusal(f"{where}: {wrong}; a dollar sign is written $$") from None
