"""`email_sending` against a real SMTP server that takes, refuses, is busy, and breaks connections."""

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from taskmill import Retry
from taskmill.catalogue import email_sending, settings
from taskmill.catalogue.mail.smtp import MailServerAway
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import CatalogueSettings, Smtp
from taskmill.executors.contract import StopRequested
from tests.catalogue.attempt import ID, Watcher
from tests.catalogue.mail.server import MailServer, running_mail_server

TO = "recipient@example.com"
MESSAGE_ID = f"<{ID}@localhost>"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as mail_server:
        yield mail_server


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    settings.use(None)


def tell(folder: Path, port: int | None, security: Any = "none", **more: Any) -> None:
    smtp = None if port is None else Smtp(host="127.0.0.1", port=port, security=security, **more)
    paths: dict[str, Any] = {"roots": (folder / "files",), "outbox": folder / "outbox", "state": folder / "state"}
    settings.use(CatalogueSettings(smtp=smtp, **paths))


def send(to: Any = TO, *, watcher: Watcher | None = None, **more: Any) -> Any:
    return email_sending(watcher or Watcher("email_sending"), to, **more)


def test_without_a_server_mail_goes_to_the_outbox_and_the_result_says_so(tmp_path: Path) -> None:
    tell(tmp_path, None)
    sent = send()
    path = tmp_path / "outbox" / f"{ID}.eml"
    assert (sent["via"], sent["message_id"]) == ("outbox", MESSAGE_ID)
    assert sent["note"] == f"not sent: no SMTP server is set (smtp_host); the mail is in {path}"
    assert b"To: recipient@example.com\r\n" in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_a_mail_arrives_as_it_was_meant(tmp_path: Path, mail_server: MailServer) -> None:
    tell(tmp_path, mail_server.port)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "bill.pdf").write_bytes(b"%PDF-1.4 bill")
    sent = send(
        ["Ada <ada@example.com>", "Zoë <zoe@bücher.example>"],
        cc="copy@example.com",
        bcc=["hidden@example.com", "ada@example.com"],
        reply_to="office@example.com",
        sender="Shop <shop@example.com>",
        subject="Grüße, order $order",
        text="Dear $name: 5 < 6 & $$1\n.\nend",
        html="<p>Dear <b>$name</b></p>",
        values={"name": "<i>Ada</i> & Co", "order": 7},
        attachments=[
            {"path": "bill.pdf"},
            {"name": "hello.txt", "content": base64.b64encode(b"hello").decode()},
        ],
    )
    [mail] = mail_server.mails
    assert mail_server.recipients == [
        ["ada@example.com", "zoe@xn--bcher-kva.example", "copy@example.com", "hidden@example.com"]
    ]
    assert sent["accepted"] == mail_server.recipients[0]
    assert sent["message_id"] == mail["Message-ID"] == f"<{ID}@example.com>"
    assert mail["From"] == "Shop <shop@example.com>"
    assert mail["To"] == "Ada <ada@example.com>, Zoë <zoe@xn--bcher-kva.example>"
    assert (mail["Cc"], mail["Reply-To"], mail["Bcc"]) == ("copy@example.com", "office@example.com", None)
    assert mail["Subject"] == "Grüße, order 7"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert text.get_content().splitlines() == ["Dear <i>Ada</i> & Co: 5 < 6 & $1", ".", "end"]
    assert html is not None
    assert html.get_content().strip() == "<p>Dear <b>&lt;i&gt;Ada&lt;/i&gt; &amp; Co</b></p>"
    attached = [(one.get_filename(), one.get_content_type(), one.get_content()) for one in mail.iter_attachments()]
    assert attached == [("bill.pdf", "application/pdf", b"%PDF-1.4 bill"), ("hello.txt", "text/plain", "hello")]


def test_html_alone_is_also_sent_as_text(tmp_path: Path, mail_server: MailServer) -> None:
    tell(tmp_path, mail_server.port)
    send(html="<style>p {}</style><p>One &amp; <b>two</b></p>\n<p>three</p>")
    text = mail_server.mails[0].get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == ["One & two", "three"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def served(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The context of a server whose certificate this machine trusts."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_logged_in(tmp_path: Path, served: ssl.SSLContext, security: str) -> None:
    with running_mail_server(served, tls=security == "tls", login=security == "starttls") as mail_server:
        login = {"user": "me", "password": "right"} if security == "starttls" else {}
        tell(tmp_path, mail_server.port, security, **login)
        assert send()["accepted"] == [TO]
        assert mail_server.logins == ([b"me"] if login else [])
        assert len(mail_server.mails) == 1


def test_a_wrong_password_is_final_and_not_told(tmp_path: Path, served: ssl.SSLContext) -> None:
    with running_mail_server(served, login=True) as mail_server:
        tell(tmp_path, mail_server.port, "starttls", user="me", password="wrong-secret")
        with pytest.raises(Refusal, match="refuses the login; the operator should look") as refused:
            send()
        assert "wrong-secret" not in str(refused.value)


def test_a_certificate_that_nobody_trusts_is_final(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with running_mail_server(context) as mail_server:
        tell(tmp_path, mail_server.port, "starttls")
        with pytest.raises(Refusal, match="certificate that is not trusted"):
            send()
        assert mail_server.mails == []


def test_no_mail_goes_unencrypted_where_it_should_be(tmp_path: Path, mail_server: MailServer) -> None:
    tell(tmp_path, mail_server.port, "starttls")
    with pytest.raises(Refusal, match="offers no STARTTLS"):
        send()
    assert mail_server.mails == []


def test_a_refused_address_is_final(tmp_path: Path, mail_server: MailServer) -> None:
    tell(tmp_path, mail_server.port)
    mail_server.answers[TO] = "550 no such mailbox"
    with pytest.raises(Refusal, match=rf"no recipient; {TO}: 550 no such mailbox"):
        send()
    assert mail_server.mails == []


def test_the_others_get_it_when_one_is_refused(tmp_path: Path, mail_server: MailServer) -> None:
    tell(tmp_path, mail_server.port)
    mail_server.answers["gone@example.com"] = "550 gone"
    sent = send([TO, "gone@example.com"])
    assert (sent["accepted"], sent["refused"]) == ([TO], {"gone@example.com": "550 gone"})
    assert mail_server.recipients == [[TO]]


@pytest.mark.parametrize("answer", ["450 later", "421 closing"])
def test_a_busy_server_is_tried_again(tmp_path: Path, mail_server: MailServer, answer: str) -> None:
    tell(tmp_path, mail_server.port)
    mail_server.answers[TO] = answer
    with pytest.raises(Retry, match=r"later|closing"):
        send()
    mail_server.answers.clear()
    assert send()["accepted"] == [TO]
    assert len(mail_server.mails) == 1


def test_a_later_attempt_asks_for_those_alone_who_are_missing(tmp_path: Path, mail_server: MailServer) -> None:
    tell(tmp_path, mail_server.port)
    mail_server.answers["slow@example.com"] = "451 greylisted"
    with pytest.raises(Retry, match=r"later for slow@example\.com"):
        send([TO, "slow@example.com"])
    mail_server.answers.clear()
    assert send([TO, "slow@example.com"])["accepted"] == [TO, "slow@example.com"]
    assert mail_server.recipients == [[TO], ["slow@example.com"]]
    assert [mail["Message-ID"] for mail in mail_server.mails] == [MESSAGE_ID] * 2


@pytest.mark.parametrize(("answer", "kind"), [("554 spam", Refusal), ("452 full", Retry)])
def test_the_answer_to_the_mail_counts(
    tmp_path: Path, mail_server: MailServer, answer: str, kind: type[Exception]
) -> None:
    tell(tmp_path, mail_server.port)
    mail_server.data = [answer]
    with pytest.raises(kind, match=answer):
        send()
    assert mail_server.mails == []


def test_what_an_attempt_sent_is_not_sent_again(tmp_path: Path, mail_server: MailServer) -> None:
    """As after a crash between the server's answer and the end of the attempt."""
    tell(tmp_path, mail_server.port)
    first = send()
    again = send(watcher=Watcher("email_sending", attempt=2))
    assert (again["message_id"], again["accepted"]) == (first["message_id"], first["accepted"])
    assert again["note"] == "an earlier attempt sent it"
    assert len(mail_server.mails) == 1


def test_after_a_lost_answer_it_is_sent_again_under_the_same_message_id(
    tmp_path: Path, mail_server: MailServer
) -> None:
    tell(tmp_path, mail_server.port)
    mail_server.data = [None]
    with pytest.raises(MailServerAway):
        send()
    second = Watcher("email_sending", attempt=2)
    assert send(watcher=second)["accepted"] == [TO]
    assert second.lines == [
        "the server's answer to an earlier attempt was lost: it may come twice, with one Message-ID"
    ]
    assert [mail["Message-ID"] for mail in mail_server.mails] == [MESSAGE_ID] * 2
    assert send(watcher=Watcher("email_sending", attempt=3))["note"] == "an earlier attempt sent it"
    assert len(mail_server.mails) == 2


def test_nobody_there_is_worth_another_try(tmp_path: Path) -> None:
    with running_mail_server() as mail_server:
        port = mail_server.port
    tell(tmp_path, port)
    with pytest.raises(MailServerAway, match=f"127.0.0.1:{port}"):
        send()


def test_a_cancel_before_the_mail_is_handed_over_sends_nothing(tmp_path: Path, mail_server: MailServer) -> None:
    tell(tmp_path, mail_server.port)
    watcher = Watcher("email_sending")
    watcher.request_stop()
    with pytest.raises(StopRequested):
        send(watcher=watcher)
    assert mail_server.mails == []


HOSTILE = {
    "a header in the subject": ({"subject": "Hi\r\nBcc: evil@example.com"}, "subject: line breaks"),
    "a header through a value": ({"subject": "$a", "values": {"a": "x\nBcc: e@example.com"}}, "subject: line breaks"),
    "a header in a recipient": ({"to": "a@example.com\r\nBcc: evil@example.com"}, "to: line breaks"),
    "a header in a name": ({"to": "A\nBcc: evil@example.com <a@example.com>"}, "to: line breaks"),
    "a line break at the end": ({"to": "a@example.com\n"}, "to: line breaks"),
    "a header in the sender": ({"sender": "a@example.com\nX: 1"}, "sender: line breaks"),
    "a Unicode line break": ({"subject": "Hi\u2028Bcc: evil@example.com"}, "subject: line breaks"),
    "several in one": ({"to": "a@example.com, evil@example.com"}, "is no mail address"),
    "a command in an address": ({"to": "a@example.com> SIZE=1"}, "is no mail address"),
    "no domain": ({"to": "a@"}, "is no mail address"),
    "letters before the @": ({"to": "zoë@example.com"}, "beyond ASCII"),
    "a name without a value": ({"text": "$password"}, r"text: there is no value for \$password"),
    "a template that is code": ({"text": "${a.__class__}"}, "text: Invalid placeholder"),
    "a file outside": ({"attachments": [{"path": "../secret"}]}, r"'\.\.'"),
    "an absolute file": ({"attachments": [{"path": "/etc/passwd"}]}, "not below"),
    "a header in a file's name": ({"attachments": [{"name": "a\r\nX: 1", "content": ""}]}, "attachments: line breaks"),
    "no base64": ({"attachments": [{"name": "a", "content": "***"}]}, "a is not base64"),
    "file and content": ({"attachments": [{"path": "a", "content": ""}]}, "either a file"),
    "a huge file": ({"attachments": [{"path": "huge"}]}, "more than 10,485,760 bytes"),
    "a huge text": ({"text": "x" * 200_001}, "text: 200,001 characters"),
}


@pytest.mark.parametrize(("parameters", "says"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_is_refused_and_nothing_sent(
    tmp_path: Path, mail_server: MailServer, parameters: dict[str, Any], says: str
) -> None:
    tell(tmp_path, mail_server.port)
    (tmp_path / "files").mkdir()
    with (tmp_path / "files" / "huge").open("wb") as file:
        file.truncate(11 * 2**20)
    with pytest.raises(Refusal, match=says):
        send(**parameters)
    assert mail_server.mails == []
