"""What `http_request` refuses: hostile answers, hostile requests, and every way to an address that is not public."""

import asyncio
import gzip
import socket
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from taskmill.catalogue import http_request
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.web.addresses import reachable
from taskmill.catalogue.web.errors import Unreachable
from tests.catalogue.attempt import Watcher
from tests.catalogue.web.player import Player, Reply, drip


async def ask(url: str, **more: Any) -> Any:
    return await http_request(Watcher("http_request"), url, **more)


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
    "a redirect to loopback": (Reply(301, "", {"Location": "//[::1]/"}), {}, Refusal, "::1 is not a public"),
    "a redirect to a file": (Reply(302, "", {"Location": "file:///etc/passwd"}), {}, Refusal, "no URL that may be"),
    "a redirect with a password": (Reply(302, "", {"Location": "http://a:b@example.com"}), {}, Refusal, "no URL"),
}


@pytest.mark.parametrize(("play", "more", "kind", "says"), HOSTILE_ANSWERS.values(), ids=HOSTILE_ANSWERS)
async def test_hostile_answers(player: Player, play: Any, more: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        await ask(player.play("/", play), **more)


HOSTILE_REQUESTS = {
    "loopback": ({"url": "http://127.0.0.2/"}, "127.0.0.2 is not a public address"),
    "a number that is loopback": ({"url": "http://2130706434/"}, "127.0.0.2, which is not a public"),
    "hexadecimal": ({"url": "http://0x7f.0.0.2/"}, "127.0.0.2, which is not a public"),
    "the metadata of a cloud": ({"url": "http://169.254.169.254/latest/meta-data"}, "169.254.169.254 is not"),
    "a private network": ({"url": "http://10.0.0.1/"}, "10.0.0.1 is not a public"),
    "every address": ({"url": "http://0.0.0.0/"}, "0.0.0.0 is not a public"),
    "IPv6 loopback": ({"url": "http://[::1]/"}, "::1 is not a public"),
    "wrapped in IPv6": ({"url": "http://[::ffff:10.0.0.1]/"}, "is not a public"),
    "IPv6 link-local": ({"url": "http://[fe80::1]/"}, "fe80::1 is not a public"),
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
        ("192.0.0.1", False),
        ("192.0.0.8", False),
        ("192.0.0.9", True),
        ("192.0.0.10", True),
        ("192.0.0.170", False),
        ("192.88.99.1", False),
        ("192.31.196.1", True),
        ("0.1.2.3", False),
        ("::ffff:192.88.99.1", False),
        ("64:ff9b::192.0.0.1", False),
        ("64:ff9b:1::808:808", False),
        ("::808:808", False),
        ("2002:808:808::", False),
        ("2001:0:808:808::", False),
        ("2001:2::1", False),
        ("2001:1::1", True),
        ("2001:4:112::1", True),
        ("2001:10::1", False),
        ("2001:20::1", True),
        ("2001:db8::1", False),
        ("2001:4860:4860::8888", True),
        ("3fff::1", False),
        ("3fff:fff:ffff::1", False),
        ("5f00::1", False),
        ("100::1", False),
        ("100:0:0:1::1", False),
        ("4000::1", False),
        ("fec0::1", False),
        ("feff::1", False),
        ("fd00:ec2::254", False),
        ("ff0e::1", False),
        ("fe80::1%1", False),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c%1", True),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert reachable(address, ()) is public


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("::ffff:10.0.0.1", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "::ffff:0:0/96"),
        ("2002:a00:1::", "2002::/16"),
        ("fec0::1", "fec0::/10"),
        ("fe80::1%eth0", "fe80::/10"),
    ],
)
def test_what_is_not_public_may_be_allowed(address: str, allowed: str) -> None:
    assert reachable(address, (allowed,))
    assert not reachable(address, ("192.168.0.0/16", "fd00::/8"))


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("straße.test", "xn--strae-oqa.test"),
        ("faß.de", "xn--fa-hia.de"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--i-7iq.example", "xn--i-7iq.example"),
        ("www.xn--strae-oqa.test", "www.xn--strae-oqa.test"),
        ("Example.COM", "example.com"),
    ],
)
async def test_the_name_that_is_looked_up_is_the_one_that_is_asked_in_idna_2008(
    player: Player, monkeypatch: pytest.MonkeyPatch, host: str, asked: str
) -> None:
    port, looked_up = player.server_address[1], list[str]()

    async def names(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
    player.play("/", Reply(302, "", {"Location": "/end"}), Reply(200, "yes"))
    player.play("/end", Reply(200, "yes"))
    got = await ask(f"http://{host}:{port}/?ü=ß")
    assert (got["body"], got["url"]) == ("yes", f"http://{asked}:{port}/end")
    assert looked_up == [asked, asked]
    assert {one.headers["host"] for one in player.asked} == {f"{asked}:{port}"}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://\uff11\uff12\uff17.0.0.2/", "127.0.0.2 is not a public address"),
        ("http://①②⑦.0.0.2/", "127.0.0.2 is not a public address"),
        ("http://127。0。0。2/", "127.0.0.2 is not a public address"),
        ("http://127.2/", "127.2 stands for 127.0.0.2"),
        ("http://0177.0.0.2/", "Invalid IPv4 address"),
        ("http://0x7f000002/", "127.0.0.2"),
        ("http://017700000002/", "127.0.0.2"),
        ("http://[::ffff:7f00:2]/", "is not a public"),
        ("http://[fe80::1%25lo]/", "a % in its host"),
        ("http://ex%61mple.com/", "a % in its host"),
        ("http://❤.example/", "can't be the name of a host"),
        ("http://-ü.example/", "can't be the name of a host"),
        ("http://" + "ü" * 300 + ".example/", "can't be the name of a host"),
        ("http://" + "ü" * 60 + ".example/", "can't be the name of a host"),
        ("http://a..ü.example/", "can't be the name of a host"),
    ],
)
async def test_other_ways_to_write_a_host(url: str, says: str) -> None:
    with pytest.raises(Refusal, match=says):
        await ask(url)


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
