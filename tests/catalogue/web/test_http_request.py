"""`http_request` against a real server: what it sends, what it returns, and what it refuses."""

import asyncio
import gzip
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import trustme

from taskmill import Retry
from taskmill.catalogue import http_request, settings
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import CatalogueSettings
from taskmill.catalogue.web.addresses import reachable
from taskmill.catalogue.web.exchange import trust
from taskmill.catalogue.web.faults import Unreachable
from tests.catalogue.attempt import ID, Watcher
from tests.catalogue.web.player import Player, Reply, playing


async def ask(url: str, **more: Any) -> Any:
    return await http_request(Watcher("http_request"), url, **more)


async def test_a_page_is_fetched(player: Player) -> None:
    url = player.play("/page", Reply(200, "Grüße", {"Content-Type": "text/plain; charset=utf-8"}))
    got = await ask(url, headers={"Accept-Language": "de"})
    assert (got["status"], got["body"], got["encoding"], got["bytes"], got["url"]) == (200, "Grüße", "text", 7, url)
    assert got["headers"]["content-type"] == "text/plain; charset=utf-8"
    [asked] = player.asked
    assert (asked.method, asked.headers["accept-language"]) == ("GET", "de")
    assert asked.headers["host"] == url.removeprefix("http://").removesuffix("/page")
    assert "idempotency-key" not in asked.headers


async def test_a_name_is_reached_under_its_name(player: Player) -> None:
    port = player.server_address[1]
    player.play("/", Reply(200, "here"))
    settings.use(CatalogueSettings(allowed_networks=("127.0.0.0/8", "::1/128")))
    assert (await ask(f"http://localhost:{port}/"))["body"] == "here"
    assert player.asked[0].headers["host"] == f"localhost:{port}"


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [({"a": [1]}, b'{"a":[1]}', "application/json"), ("é", "é".encode(), "text/plain; charset=utf-8")],
)
async def test_a_body_is_sent_with_the_id_of_the_task_as_its_key(
    player: Player, body: object, sent: bytes, kind: str
) -> None:
    await ask(player.play("/in", Reply(201)), method="POST", body=body)
    [asked] = player.asked
    assert (asked.method, asked.body, asked.headers["content-type"]) == ("POST", sent, kind)
    assert asked.headers["idempotency-key"] == ID


async def test_progress_is_told_in_bytes(player: Player) -> None:
    watcher = Watcher("http_request")
    await http_request(watcher, player.play("/big", Reply(200, b"x" * 900_000)))
    assert watcher.fractions == sorted(watcher.fractions)
    assert len(watcher.fractions) > 3
    assert (watcher.fractions[0], watcher.fractions[-1]) == (0, 1)


async def test_what_is_no_text_comes_as_base64(player: Player) -> None:
    got = await ask(player.play("/picture", Reply(200, b"\x89PNG\x00\xff")))
    assert (got["body"], got["encoding"]) == ("iVBORwD/", "base64")


async def test_packed_answers_are_unpacked(player: Player) -> None:
    got = await ask(player.play("/packed", Reply(200, gzip.compress(b"long " * 100), {"Content-Encoding": "gzip"})))
    assert got["body"] == "long " * 100


async def test_redirects_are_followed_and_told(player: Player) -> None:
    last = player.play("/end", Reply(200, "end"))
    first = player.play("/start", Reply(302, "", {"Location": "/middle"}))
    middle = player.play("/middle", Reply(307, "", {"Location": last}))
    got = await ask(first, method="POST", body="x")
    assert (got["url"], got["redirects"]) == (last, [first, middle])
    assert [asked.method for asked in player.asked] == ["POST", "GET", "GET"]


async def test_redirects_are_left_alone_when_asked_to(player: Player) -> None:
    first = player.play("/start", Reply(302, "", {"Location": "/end"}))
    assert (await ask(first, follow_redirects=False, expected_status=[302]))["headers"]["location"] == "/end"


async def test_secrets_do_not_go_along_to_another_origin(player: Player) -> None:
    with playing() as other:
        there = other.play("/there", Reply(200))
        same = player.play("/same", Reply(302, "", {"Location": there}))
        first = player.play("/first", Reply(302, "", {"Location": same}))
        await ask(first, headers={"Authorization": "Bearer secret", "X-Mine": "1"})
        assert [asked.headers.get("authorization") for asked in player.asked] == ["Bearer secret"] * 2
        assert "authorization" not in other.asked[0].headers
        assert other.asked[0].headers["x-mine"] == "1"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301])
async def test_an_unexpected_status_is_final(player: Player, status: int) -> None:
    with pytest.raises(Refusal, match=rf"answers {status}, not 200 to 299: what it says"):
        await ask(player.play("/no", Reply(status, "what it\nsays")))


@pytest.mark.parametrize(("asked", "delay"), [("7", 7.0), (None, None), ("soon", None), ("1e999", None)])
async def test_a_busy_server_is_asked_again_when_it_says(
    player: Player, asked: str | None, delay: float | None
) -> None:
    busy = Reply(503, "busy", {"Retry-After": asked} if asked else {})
    with pytest.raises(Retry, match="answers 503") as retry:
        await ask(player.play("/busy", busy))
    assert retry.value.delay == delay


async def test_a_busy_server_may_name_a_date(player: Player) -> None:
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 90))
    with pytest.raises(Retry) as retry:
        await ask(player.play("/busy", Reply(429, "", {"Retry-After": date})))
    assert 85 < (retry.value.delay or 0) <= 90


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    player = handler.server
    assert isinstance(player, Player)
    while not player.over.wait(0.02):
        handler.wfile.write(b".")


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(10_000):
        handler.wfile.write(b"x" * 65_536)


def half(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"half")


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\x01\x02 nonsense\r\n\r\n")


BOMB = Reply(200, gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"})

HOSTILE_ANSWERS = {
    "a body without end": (flood, {}, Refusal, "larger than 1,000,000 bytes"),
    "a body that says it is huge": (Reply(200, "", {"Content-Length": str(10**12)}), {}, Refusal, "larger than"),
    "a body that unpacks to much": (BOMB, {}, Refusal, "larger than 1,000,000 bytes"),
    "a coding nobody asked for": (Reply(200, "x", {"Content-Encoding": "br"}), {}, Refusal, "'br', which was not"),
    "no gzip after all": (Reply(200, "x", {"Content-Encoding": "gzip"}), {}, Unreachable, "not the gzip"),
    "a slow body": (drip, {"timeout": 0.5}, Unreachable, "did not give a whole answer within 0.5 s"),
    "half a body": (half, {}, Unreachable, "127.0.0.1: .*100"),
    "no HTTP": (nonsense, {}, Unreachable, "127.0.0.1: "),
    "a redirect in a circle": (Reply(302, "", {"Location": "/"}), {}, Refusal, "redirects more than 5 times"),
    "a redirect to a private address": (
        Reply(302, "", {"Location": "http://169.254.169.254/"}),
        {},
        Refusal,
        "169.254",
    ),
    "a redirect to loopback": (Reply(301, "", {"Location": "//[::1]/"}), {}, Refusal, "::1, which is not a public"),
    "a redirect to a file": (Reply(302, "", {"Location": "file:///etc/passwd"}), {}, Refusal, "no URL that may be"),
    "a redirect with a password": (Reply(302, "", {"Location": "http://a:b@example.com"}), {}, Refusal, "no URL"),
}


@pytest.mark.parametrize(("play", "more", "kind", "says"), HOSTILE_ANSWERS.values(), ids=HOSTILE_ANSWERS)
async def test_hostile_answers(player: Player, play: Any, more: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        await ask(player.play("/", play), **more)


HOSTILE_REQUESTS = {
    "loopback": ({"url": "http://127.0.0.2/"}, "127.0.0.2, which is not a public address"),
    "a number that is loopback": ({"url": "http://2130706434/"}, "127.0.0.2, which is not a public"),
    "hexadecimal": ({"url": "http://0x7f.0.0.2/"}, "127.0.0.2, which is not a public"),
    "the metadata of a cloud": ({"url": "http://169.254.169.254/latest/meta-data"}, "169.254.169.254, which is not"),
    "a private network": ({"url": "http://10.0.0.1/"}, "10.0.0.1, which is not a public"),
    "every address": ({"url": "http://0.0.0.0/"}, "0.0.0.0, which is not a public"),
    "IPv6 loopback": ({"url": "http://[::1]/"}, "::1, which is not a public"),
    "wrapped in IPv6": ({"url": "http://[::ffff:10.0.0.1]/"}, "which is not a public"),
    "IPv6 link-local": ({"url": "http://[fe80::1]/"}, "fe80::1, which is not a public"),
    "a file": ({"url": "file:///etc/passwd"}, "starts with http:// or https://"),
    "another protocol": ({"url": "gopher://example.com"}, "starts with http:// or https://"),
    "no host": ({"url": "http:///path"}, "and a host"),
    "a password": ({"url": "http://user:secret@example.com"}, "may not hold a user name"),
    "no URL": ({"url": "http://1.2.3.4:port/"}, "is no URL"),
    "a line break in a URL": ({"url": "http://127.0.0.1/\r\nHost: evil"}, "is no URL"),
    "a header after a header": ({"headers": {"X-A": "1\r\nX-Evil: 1"}}, "without line breaks"),
    "a header in a name": ({"headers": {"X-A: 1\r\nX-Evil": "1"}}, "can't be the name of a header"),
    "another host": ({"headers": {"Host": "internal"}}, "Host says how the request is sent"),
    "another length": ({"headers": {"content-LENGTH": "1"}}, "says how the request is sent"),
    "a chunk within": ({"headers": {"Transfer-Encoding": "chunked"}}, "says how the request is sent"),
}


@pytest.mark.parametrize(("parameters", "says"), HOSTILE_REQUESTS.values(), ids=HOSTILE_REQUESTS)
async def test_hostile_requests(player: Player, parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(Refusal, match=says.replace("[", r"\[")):
        await ask(**({"url": player.url} | parameters))
    assert player.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.1.1", False),
        ("::7f00:1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("2001:0:5ef5:79fd::f5ff:fffe", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("ff02::1", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("::", False),
        ("::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert reachable(address, ()) is public


async def test_a_name_is_looked_up_once_and_the_address_that_was_judged_is_used(
    player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that gives a public address first and a private one later gets nowhere."""
    port, looked_up = player.server_address[1], list[str]()

    async def names(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    player.play("/", Reply(200, "yes"))
    assert (await ask(f"http://rebinding.example:{port}/"))["body"] == "yes"
    assert looked_up == ["rebinding.example"]
    with pytest.raises(Refusal, match=r"rebinding.example stands for 10.0.0.1"):
        await ask(f"http://rebinding.example:{port}/")


async def test_a_name_that_stands_for_a_private_address_as_well_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def names(host: str, port: int, **_: Any) -> list[Any]:
        entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*entry, ("93.184.215.14", port)), (*entry, ("192.168.1.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    with pytest.raises(Refusal, match=r"192\.168\.1\.1"):
        await ask("http://both.example/")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    trust.cache_clear()
    yield authority
    trust.cache_clear()


async def test_certificates_are_checked_by_name_though_the_address_is_fixed(
    trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def names(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    with playing(certificate=trusted.issue_cert("shop.example")) as player:
        port = player.server_address[1]
        player.play("/", Reply(200, "safe"))
        assert (await ask(f"https://shop.example:{port}/"))["body"] == "safe"
        assert player.asked[0].headers["host"] == f"shop.example:{port}"
        with pytest.raises(Unreachable, match=r"no connection to other\.example: .*certificate"):
            await ask(f"https://other.example:{port}/")


async def test_a_redirect_does_not_lead_from_https_to_http(trusted: trustme.CA, player: Player) -> None:
    settings.use(CatalogueSettings(allowed_networks=("127.0.0.1/32",)))
    with playing(certificate=trusted.issue_cert("127.0.0.1")) as safe:
        safe.play("/", Reply(302, "", {"Location": player.url}))
        with pytest.raises(Refusal, match="from https to http"):
            await ask(safe.url)
    assert player.asked == []


async def test_nobody_there_is_worth_another_try() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="no connection to 127"):
            await ask(f"http://127.0.0.1:{closed.getsockname()[1]}/")


async def test_a_cancel_ends_it_at_once(player: Player) -> None:
    running = asyncio.create_task(ask(player.play("/slow", drip)))
    await asyncio.to_thread(player.arrived.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
