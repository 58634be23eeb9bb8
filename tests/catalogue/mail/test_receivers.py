"""Who gets a mail and what its readers see, on what a real SMTP server received: the cases in which Python's `email`,
which parses and folds what it is given, was wrong or is."""

import base64
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from taskmill.catalogue import email_sending, settings
from taskmill.catalogue.mail.plain import plain
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import CatalogueSettings, Smtp
from tests.catalogue.attempt import Watcher
from tests.catalogue.mail.server import MailServer, running_mail_server


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


@pytest.fixture
def mail_server(server: MailServer, tmp_path: Path) -> Iterator[MailServer]:
    for kept in (server.mails, server.received, server.recipients):
        kept.clear()
    settings.use(
        CatalogueSettings(smtp=Smtp(host="127.0.0.1", port=server.port, security="none"), state=tmp_path / "state")
    )
    yield server
    settings.use(None)


def send(**parameters: Any) -> Any:
    return email_sending(Watcher("email_sending"), **{"to": "j@example.com", **parameters})


def shown(header: AddressHeader) -> list[tuple[str, str]]:
    return [(one.display_name, one.addr_spec) for one in header.addresses]


def named(received: bytes, header: str) -> list[tuple[str, str]]:
    """As RFC 2047 has it, for one address: Python 3.11 puts spaces between the encoded words of a name."""
    raw = str(message_from_bytes(received)[header]).replace("\r\n", "")
    name, address = parseaddr(raw)
    return [(str(make_header(decode_header(name))), address)]


NAMES = {
    "an encoded word with an address in it": "=?utf-8?q?x=40evil=2Eexample=2C?=",
    "an encoded word that ends the header": "=?utf-8?q?a=0D=0ABcc:_evil=40example.com?=",
    "an encoded word in base64": "=?utf-8?b?QmNjOiBldmlsQGV4YW1wbGUuY29t?=",
    "an encoded word beside others": "Jane =?utf-8?q?=2C?= Doe",
    "half an encoded word": "=?utf-8?q?",
    "a comma": "Doe, Jane",
    "a quotation mark and a backslash": 'Jane "J\\" Doe',
    "a backslash at the end": "Jane\\",
    "an address": "john@example.org",
    "a comment": "Jane (evil@example.org)",
    "a group": "Friends: evil@example.org;",
    "a group without an end": "Friends:",
    "an address in brackets": "Jane <evil@example.org>, x",
    "letters beyond ASCII": "Zoë Müller",
    "letters and a comma": "Müller, Zoë <x>",
    "emoji": "👩‍👩‍👧 family",
    "right to left": "\u05d0\u05d1, \u05d2",
    "combining marks": "Zoe\u0308",
    "one long token": "x" * 300,
    "a long token beyond ASCII": "ß" * 120,
    "many commas": ", ".join(f"Name {number} Family" for number in range(16)),
    "many commas beyond ASCII": ", ".join(f"Näme{number} F@mily" for number in range(16)),
    "many quotation marks": '"' * 50,
    "spaces within": "Jane     Doe",
    "dots": "J. R. R. Tolkien",
    "a semicolon at the end": "Jane;",
    "a colon": "Re: Jane",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("field", ["to", "cc", "reply_to", "sender"])
def test_a_name_stays_a_name(mail_server: MailServer, name: str, field: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    send(**{field: f'"{quoted}" <mail@example.com>'})
    header = {"to": "To", "cc": "Cc", "reply_to": "Reply-To", "sender": "From"}[field]
    [mail] = mail_server.mails
    assert [one.addr_spec for one in mail[header].addresses] == ["mail@example.com"]
    assert named(mail_server.received[0], header) == [(name, "mail@example.com")]
    assert mail_server.recipients == [
        {"to": ["mail@example.com"], "cc": ["j@example.com", "mail@example.com"]}.get(field, ["j@example.com"])
    ]
    assert_plain(mail_server.received[0])


HEADERS = {
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id", "auto-submitted"),
    *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
    *("x-peer", "x-mailfrom", "x-rcptto"),
}
"""Those with an x are the receiving server's."""
BREAKS = "\r\n\x00\x0b\x0c\x1c\x1e\x7f\x85\u2028\u2029"


def assert_plain(received: bytes) -> None:
    """Lines that every server takes, and those headers alone that belong there."""
    assert received.isascii()
    assert b"\0" not in received
    assert max(map(len, received.split(b"\r\n"))) <= 998
    assert b"\n" not in received.replace(b"\r\n", b"")
    assert b"\r" not in received.replace(b"\r\n", b"")
    names = [name.lower() for name in message_from_bytes(received).keys()]  # noqa: SIM118 - of a message, not a dict
    assert len(names) == len(set(names))
    assert set(names) <= HEADERS


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Jane Doe <j@example.com>", "Jane Doe"),
        ("Doe, Jane <j@example.com>", "Doe, Jane"),
        ("j@example.com <j@example.com>", "j@example.com"),
        ("=?utf-8?q?x=40evil=2Eexample=2C?= <j@example.com>", "=?utf-8?q?x=40evil=2Eexample=2C?="),
        ("<j@example.com>", ""),
        ("  j@example.com  ", ""),
        ("Jane<j@example.com>", "Jane"),
    ],
)
def test_how_people_write_it(mail_server: MailServer, given: str, name: str) -> None:
    assert send(to=given)["accepted"] == ["j@example.com"]
    assert shown(mail_server.mails[0]["To"]) == [(name, "j@example.com")]


WRONG = {
    "several in one": "a@example.com, b@example.com",
    "several with names": "A <a@example.com>, B <b@example.com>",
    "an address before the name": "a@example.com, B <b@example.com>",
    "an address within an address": "alice@example.org)bob@evil.example",
    "a bracket in a local part (CVE-2023-27043)": "alice@example.org<bob@evil.example>x",
    "a name that is opened and not closed (CVE-2023-27043)": '"alice@example.org,<bob@evil.example>',
    "an address in the name": "alice@example.org,bob <carol@example.com>",
    "a group": "Friends: a@example.com, b@example.com;",
    "a group of one": "Friends:a@example.com;",
    "a comment": "a(comment)@example.com",
    "a comment at the end": "a@example.com (A)",
    "an encoded word before the @": "=?utf-8?q?a=40evil.example=3e=00?=@example.com",
    "a quoted local part": '"a@evil.example"@example.com',
    "a route": "<@evil.example:a@example.com>",
    "two @": "a@b@example.com",
    "dots": "a..b@example.com",
    "a dot at the start": ".a@example.com",
    "a local part that is too long": "a" * 65 + "@example.com",
    "a label that is too long": "a@" + "b" * 64 + ".example",
    "a domain that is too long": "a@" + "b." * 127 + "example",
    "an empty label": "a@example..com",
    "letters before the @": "zoë@example.com",
    "a space": "a b@example.com",
    "a space in the domain": "a@exam ple.com",
    "a no-break space": "a@example.com\u00a0b",
    "a bracket that stays open": "Jane <j@example.com",
    "an encoded domain": "a@=?utf-8?q?example.com?=",
    **{repr(one): f"Jane{one}Bcc: e@example.com <j@example.com>" for one in BREAKS},
}


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG)
def test_what_could_be_read_in_two_ways_is_refused(mail_server: MailServer, given: str) -> None:
    for field in ("to", "cc", "bcc", "reply_to", "sender"):
        with pytest.raises(Refusal, match=f"{field}: "):
            send(**{field: given})
    assert mail_server.mails == []


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("faß.de", "xn--fa-hia.de"),
        ("FAẞ.de", "xn--fa-hia.de"),
        ("Straße.test", "xn--strae-oqa.test"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("EXAMPLE.com", "example.com"),
        ("xn--fa-hia.de", "xn--fa-hia.de"),
        ("my_host.example", "my_host.example"),
        ("localhost", "localhost"),
    ],
)
def test_domains_are_those_of_idna_2008(mail_server: MailServer, domain: str, asked: str) -> None:
    assert send(to=f"a@{domain}", sender=f"b@{domain}")["accepted"] == [f"a@{asked}"]
    assert mail_server.recipients == [[f"a@{asked}"]]
    [mail] = mail_server.mails
    assert (shown(mail["To"]), shown(mail["From"])) == ([("", f"a@{asked}")], [("", f"b@{asked}")])
    assert mail["Message-ID"].endswith(f"@{asked}>")


SUBJECTS = {
    "nothing": "",
    "spaces at the ends": "  hello  ",
    "an encoded word": "=?utf-8?q?=0D=0ABcc:_evil=40example.com?=",
    "a long token": "x" * 400,
    "long words": " ".join(["word" * 10] * 11),
    "a long token beyond ASCII": "ü" * 400,
    "emoji": "🎉" * 99,
    "letters and spaces": "Grüße  an   alle",
    "an address": "mail <evil@example.com>, and more",
    "Chinese": "你好" * 100,
}


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_subject_arrives_as_it_was_given(mail_server: MailServer, subject: str) -> None:
    send(subject=subject)
    assert mail_server.mails[0]["Subject"] == subject
    assert_plain(mail_server.received[0])


FILES = {
    "a plain one": "bill 7.pdf",
    "quotation marks": 'a"b".txt',
    "a backslash": "a\\b.txt",
    "a semicolon": "a; filename=evil.exe",
    "an encoded word": "=?utf-8?q?evil=2Eexe?=",
    "percent signs": "100%25.txt",
    "letters beyond ASCII": "Rechnung für Zoë.pdf",
    "a long one": "ü" * 190 + ".txt",
    "a long one in ASCII": "x" * 190 + ".txt",
    "Chinese": "发票" * 40 + ".pdf",
    "a single quotation mark": "it's.txt",
}


@pytest.mark.parametrize("name", FILES.values(), ids=FILES)
def test_an_attachment_keeps_its_name(mail_server: MailServer, name: str) -> None:
    content = base64.b64encode(b"hello\0").decode()
    send(attachments=[{"name": name, "content": content}, {"name": "second.bin", "content": content}])
    first, second = mail_server.mails[0].iter_attachments()
    assert (first.get_filename(), second.get_filename()) == (name, "second.bin")
    assert_plain(mail_server.received[0])


@pytest.mark.parametrize("text", ["a\0b", "a\rb", "x" * 5000, "ü" * 5000, "a\x85b\u2028c\x0b", ".\n..\n", "From me\n"])
def test_a_text_arrives_as_it_was_given(mail_server: MailServer, text: str) -> None:
    send(text=text, html=f"<p>{text}</p>")
    for body in mail_server.mails[0].walk():
        if not body.is_multipart():
            got = body.get_content().replace("\r\n", "\n").rstrip("\n")
            assert text.replace("\r", "\n").rstrip("\n") in got
    assert_plain(mail_server.received[0])


def test_a_hundred_recipients(mail_server: MailServer) -> None:
    given = [f'"Näme, {number}" <a{number}@example.com>' for number in range(100)]
    assert len(send(to=given)["accepted"]) == 100
    assert shown(mail_server.mails[0]["To"]) == [(f"Näme, {n}", f"a{n}@example.com") for n in range(100)]


def test_values_that_would_fill_the_memory_are_refused(mail_server: MailServer) -> None:
    with pytest.raises(Refusal, match=r"text: with its values it has more than 1,000,000 characters"):
        send(text="$a" * 50_000, values={"a": "x" * 900_000})


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><!--[if mso]><p>two</p><![endif]-->three", "one three"),
        ("<STYLE>p {}</STYLE\n>one<script>if (a < b) {}</script>two", "one two"),
        ("one<style>p {}", "one"),
        ("1 < 2 &amp; 3", "1 < 2 & 3"),
        ("&#" + "9" * 5000 + ";x", "\N{REPLACEMENT CHARACTER}x"),
    ],
)
def test_html_as_text(html: str, text: str) -> None:
    assert plain(html) == text


@pytest.mark.parametrize(
    "piece", ["<style", "<style>", "<script ", "<!--", "<", "</style", "&#", "&#9", " ", "<a href='", "<style></style"]
)
def test_html_becomes_text_in_time_that_grows_with_it(piece: str) -> None:
    """200 000 characters are taken; before, 30 000 times `<style` took a minute."""
    began = time.perf_counter()
    plain((piece * 200_000)[:200_000])
    assert time.perf_counter() - began < 1
