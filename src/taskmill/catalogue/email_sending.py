"""`email_sending`: a mail to one or several people."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from msgspec import Meta

from taskmill.catalogue.base import app
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import CatalogueSettings, current
from taskmill.core.private_files import make_private_folder, open_private
from taskmill.core.retry import RetryPolicy
from taskmill.executors.contract import Context

if TYPE_CHECKING:
    from taskmill.catalogue.mail.ledger import LedgerEntry
    from taskmill.catalogue.mail.letter import Attachment, Letter

ATTACHED = 10 * 2**20
"""Bytes of all attachments together."""
TEXT = 200_000
FORM = "`name@example.com` or `Name <name@example.com>`"

Recipient = Annotated[str, Meta(min_length=3, max_length=400)]
Several = Annotated[list[Recipient], Meta(min_length=1, max_length=100)]
To = Annotated[
    Recipient | Several,
    Meta(title="To", description=f"One recipient or several, as {FORM}.", examples=["recipient@example.com"]),
]
Cc = Annotated[
    Recipient | Several | None,
    Meta(title="Cc", description="Who gets a copy that all see.", examples=["copy@example.com"]),
]
Bcc = Annotated[
    Recipient | Several | None,
    Meta(title="Bcc", description="Who gets a copy that nobody sees.", examples=["archive@example.com"]),
]
ReplyTo = Annotated[
    Recipient | None, Meta(title="Reply to", description="Where answers go.", examples=["office@example.com"])
]
Sender = Annotated[
    Recipient | None,
    Meta(
        title="From",
        description="The sender; unset, the one of the settings (mail_from).",
        examples=["Shop <shop@example.com>"],
    ),
]
Subject = Annotated[
    str,
    Meta(title="Subject", description="One line; may hold $names.", examples=["Your order $order"], max_length=500),
]
Text = Annotated[
    str | None,
    Meta(
        title="Text",
        description=f"The mail as plain text, up to {TEXT:,} characters. `$name` becomes its value, `$$` a $.",
        examples=["Dear $name, order $order is on its way."],
    ),
]
Html = Annotated[
    str | None,
    Meta(
        title="HTML",
        description=f"The mail as HTML, up to {TEXT:,} characters; values are escaped before they are put in.",
        examples=["<p>Dear <b>$name</b>, order $order is on its way.</p>"],
    ),
]
Values = Annotated[
    Annotated[dict[str, str | int | float], Meta(max_length=1000)] | None,
    Meta(
        title="Values",
        description="What replaces the $names in subject, text and HTML.",
        examples=[{"name": "Ada", "order": 7}],
    ),
]


class Attached(TypedDict, total=False):
    """A file below the configured roots (`path`), or its content (`name` and `content`)."""

    path: Annotated[str, Meta(title="File", description="Its place below a root.", examples=["invoice.pdf"])]
    name: Annotated[str, Meta(title="Name", description="How readers see it.", examples=["hello.txt"], max_length=200)]
    content: Annotated[str, Meta(title="Content", description="In base64.", examples=["SGVsbG8="])]


Attachments = Annotated[
    Annotated[list[Attached], Meta(max_length=100)] | None,
    Meta(
        title="Attachments",
        description="Up to 10 MiB together, each a file below a root or its content in base64.",
        examples=[[{"name": "hello.txt", "content": "SGVsbG8="}]],
    ),
]


class SentMail(TypedDict):
    message_id: str
    via: Literal["smtp", "outbox"]
    """`outbox`: it was not sent but written to a file, because no SMTP server is set."""
    accepted: list[str]
    refused: dict[str, str]
    """Recipient → why the server does not take it for them."""
    note: str


@app.task(queue="email", retries=8, retry=RetryPolicy(base=15, cap=3600, give_up_on=("Refusal",)), timeout=600)
def email_sending(
    ctx: Context,
    to: To,
    subject: Subject = "A message from Taskmill",
    text: Text = None,
    html: Html = None,
    values: Values = None,
    cc: Cc = None,
    bcc: Bcc = None,
    reply_to: ReplyTo = None,
    sender: Sender = None,
    attachments: Attachments = None,
) -> SentMail:
    """Send a mail; without an SMTP server in the settings, write it to the outbox folder.

    A busy server is tried again, a refused address is not. Whom the server took it for is written down, so that an
    attempt after a crash sends them no second one; only when the connection broke before the server's answer came is
    it sent again, under the same Message-ID.
    """
    from taskmill.catalogue.mail.headers import line
    from taskmill.catalogue.mail.letter import Letter, addresses, filled
    from taskmill.catalogue.mail.mailbox import mailbox
    from taskmill.catalogue.mail.plain import plain

    configured, filling = current(), values or {}
    unsaid = (
        f"This mail was sent by Taskmill, as task {ctx.task.id}." if html is None else plain(_bounded(html, "html"))
    )
    letter = Letter(
        ctx.task.id,
        mailbox("sender", sender or configured.mail_from),
        addresses("to", to),
        addresses("cc", cc),
        addresses("bcc", bcc),
        addresses("reply_to", reply_to),
        line(filled(subject, filling, "subject"), "subject"),
        filled(_bounded(text, "text") or unsaid, filling, "text"),
        None if html is None else filled(_bounded(html, "html"), filling, "html", html=True),
        _attachments(attachments or []),
    )
    ctx.progress(0.1, "written")
    return _keep(configured, letter) if configured.smtp is None else _transmit(ctx, configured, letter)


def _transmit(ctx: Context, configured: CatalogueSettings, letter: "Letter") -> SentMail:
    from email.utils import formatdate

    from taskmill.catalogue.mail.ledger import Ledger
    from taskmill.catalogue.mail.smtp import transmit

    assert configured.smtp is not None
    ledger = Ledger(configured.state / "mail", letter.id)
    entry = ledger.entry
    if entry.asked:
        ctx.log("the server's answer to an earlier attempt was lost: it may come twice, with one Message-ID", "warning")
    missing = [one for one in letter.recipients if one not in entry.taken and one not in entry.refused]
    if missing:
        sender = letter.sender.address
        transmit(ctx, configured.smtp, sender, missing, letter.written(formatdate()), ledger)
    return _sent(letter, ledger.entry, "taken by the SMTP server" if missing else "an earlier attempt sent it")


def _sent(letter: "Letter", entry: "LedgerEntry", note: str) -> SentMail:
    if not entry.taken:
        one, why = next(iter(entry.refused.items()))
        raise Refusal(f"the SMTP server takes it for no recipient; {one}: {why}")
    return {
        "message_id": letter.message_id,
        "via": "smtp",
        "accepted": list(entry.taken),
        "refused": entry.refused,
        "note": note,
    }


def _keep(configured: CatalogueSettings, letter: "Letter") -> SentMail:
    from email.utils import formatdate

    make_private_folder(configured.outbox)
    path = configured.outbox / f"{letter.id}.eml"
    _write(path, letter.written(formatdate()))
    return {
        "message_id": letter.message_id,
        "via": "outbox",
        "accepted": letter.recipients,
        "refused": {},
        "note": f"not sent: no SMTP server is set (smtp_host); the mail is in {path}",
    }


def _write(path: Path, mail: bytes) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    with open(part, "wb", opener=open_private) as file:
        file.write(mail)
    part.rename(path)


def _bounded(text: str | None, where: str) -> str:
    if text is not None and len(text) > TEXT:
        raise Refusal(f"{where}: {len(text):,} characters; at most {TEXT:,} are taken")
    return text or ""


def _attachments(given: list[Attached]) -> list["Attachment"]:
    found, size = [], 0
    for one in given:
        found.append(_attachment(one, ATTACHED - size))
        size += len(found[-1].content)
    return found


def _attachment(given: Attached, room: int) -> "Attachment":
    from base64 import b64decode

    from taskmill.catalogue.files.safe_files import reading
    from taskmill.catalogue.mail.letter import Attachment

    path, content = given.get("path"), given.get("content")
    if (path is None) == (content is None):
        raise Refusal("attachments: each is either a file below a root (`path`) or base64 (`name` and `content`)")
    if path is not None:
        with reading(path) as opened:
            return Attachment(given.get("name") or opened.rooted.file, _limited(opened.file.read(room + 1), room))
    try:
        return Attachment(given.get("name") or "attachment", _limited(b64decode(content or "", validate=True), room))
    except ValueError as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"attachments: {given.get('name', 'one')} is not base64: {error}") from None


def _limited(content: bytes, room: int) -> bytes:
    if len(content) > room:
        raise Refusal(f"attachments: more than {ATTACHED:,} bytes together")
    return content
