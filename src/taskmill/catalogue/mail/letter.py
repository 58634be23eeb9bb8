"""A mail, made of what a task says. Nothing in it can become a header, a recipient or a command by itself."""

import re
import string
from collections.abc import Mapping, Sequence
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from mimetypes import guess_type
from typing import NamedTuple

from taskmill.catalogue.refusal import Refusal

MAX_RECIPIENTS = 100
_NAMED = re.compile(r"\s*([^<>]*?)\s*<([^<>]+)>\s*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Attachment(NamedTuple):
    name: str
    content: bytes


class Letter(NamedTuple):
    """Its parts, each already checked."""

    id: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    text: str
    html: str | None
    attachments: Sequence[Attachment]

    @property
    def recipients(self) -> list[str]:
        """Every address once."""
        return list(dict.fromkeys(one.addr_spec for one in (*self.to, *self.cc, *self.bcc)))

    @property
    def message_id(self) -> str:
        """The same for every attempt of a task, so that a reader who gets it twice can tell."""
        return f"<{self.id}@{self.sender.domain}>"

    def written(self, date: str) -> bytes:
        """As it goes over the wire."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["Subject"] = self.sender, self.subject
        for name, addresses in (("To", self.to), ("Cc", self.cc), ("Reply-To", self.reply_to)):
            if addresses:
                mail[name] = addresses
        mail["Date"], mail["Message-ID"], mail["Auto-Submitted"] = date, self.message_id, "auto-generated"
        mail.set_content(self.text)
        if self.html is not None:
            mail.add_alternative(self.html, subtype="html")
        for attachment in self.attachments:
            _attach(mail, attachment)
        return mail.as_bytes()


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    kind, coding = guess_type(attachment.name)
    main, _, sub = (kind or "application/octet-stream").partition("/")
    if coding or main in ("message", "multipart"):
        main, sub = "application", "octet-stream"
    mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=line(attachment.name, "attachments"))


def addresses(where: str, given: str | Sequence[str] | None) -> tuple[Address, ...]:
    """From `a@example.com` or `Name <a@example.com>`, one or several. Raises Refusal."""
    several = [given] if isinstance(given, str) else list(given or ())
    if len(several) > MAX_RECIPIENTS:
        raise Refusal(f"{where}: {len(several)} addresses; at most {MAX_RECIPIENTS} are taken")
    return tuple(address(where, one) for one in several)


def address(where: str, given: str) -> Address:
    text = line(given, where)
    named = _NAMED.fullmatch(text)
    name, plain = (named[1].strip('"'), named[2].strip()) if named else ("", text.strip())
    local, at, domain = plain.rpartition("@")
    if not at or not local or not plain.isprintable() or " " in plain or "," in plain:
        raise Refusal(f"{where}: {given[:100]!r} is no mail address; write one like name@example.com")
    try:
        return Address(name, addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, HeaderParseError) as error:
        what = "has letters beyond ASCII before the @" if not local.isascii() else f"is no mail address: {error}"
        raise Refusal(f"{where}: {given[:100]!r} {what}") from None


def line(text: str, where: str) -> str:
    """Text for a header: one line. Raises Refusal."""
    if _CONTROL.search(text):
        raise Refusal(f"{where}: line breaks and control characters are not allowed there")
    return text


def filled(template: str, values: Mapping[str, object], where: str, *, html: bool = False) -> str:
    """`$name` and `${name}` replaced; what is put into HTML is escaped. Raises Refusal."""
    shown = {name: escape(str(value)) if html else str(value) for name, value in values.items()}
    try:
        return string.Template(template).substitute(shown)
    except KeyError as missing:
        raise Refusal(f"{where}: there is no value for ${missing.args[0]}; add it to `values`, or write $$") from None
    except ValueError as wrong:
        raise Refusal(f"{where}: {wrong}; a dollar sign is written $$") from None
