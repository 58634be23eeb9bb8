"""Servers that take their time, never end, or say odd things of their text: the timeout holds, and the loop goes on."""

import asyncio
import contextlib
import gzip
import time
from collections.abc import AsyncIterator, Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from taskmill.catalogue import http_request
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.web.charsets import decoded
from taskmill.catalogue.web.errors import Unreachable
from taskmill.catalogue.web.retry_after import wait
from tests.catalogue.attempt import Watcher
from tests.catalogue.web.player import Play, Player, Reply

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"


async def ask(url: str, **more: Any) -> Any:
    return await http_request(Watcher("http_request"), url, **more)


@contextlib.asynccontextmanager
async def a_loop_that_goes_on(longest: float = 3.0) -> AsyncIterator[None]:
    gaps, last = [0.0], time.monotonic()

    async def look() -> None:
        nonlocal last
        while True:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        gaps.append(time.monotonic() - last)
    assert max(gaps) < longest


def endless(start: bytes, piece: bytes, pause: float = 0.0) -> Callable[[BaseHTTPRequestHandler], None]:
    def play(handler: BaseHTTPRequestHandler) -> None:
        player = handler.server
        assert isinstance(player, Player)
        handler.wfile.write(start)
        while not player.over.wait(pause) if pause else not player.over.is_set():
            handler.wfile.write(piece)

    return play


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


ENDLESS = {
    "headers, slowly": endless(OK, b"X-A: 1\r\n", 0.02),
    "headers, fast": endless(OK, b"X-A: 1\r\n" * 1000),
    "one header": endless(OK + b"X-A: ", b"a" * 65_536),
    "the status line": endless(b"HTTP/1.1 200 ", b"a" * 65_536),
    "nothing": endless(b"", b"", 0.02),
    "a body, slowly": endless(OK + b"\r\n", b".", 0.02),
    "chunks of a byte": endless(CHUNKED, chunk(b".") * 10_000),
    "a chunk's extension": endless(CHUNKED + b"1;a=", b"a" * 65_536),
    "a chunk's size": endless(CHUNKED, b"0" * 65_536),
    "trailers": endless(CHUNKED + b"0\r\n", b"X-A: 1\r\n" * 1000),
    "informational answers": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "empty gzip members": endless(GZIPPED, chunk(gzip.compress(b"") * 1000)),
    "zeros after gzip": endless(GZIPPED + chunk(gzip.compress(b"a")), chunk(bytes(65_536))),
}


@pytest.mark.parametrize("play", ENDLESS.values(), ids=ENDLESS)
async def test_the_timeout_holds_whatever_the_server_sends(player: Player, play: Play) -> None:
    began = time.monotonic()
    async with a_loop_that_goes_on():
        with pytest.raises((Unreachable, Refusal)):
            await ask(player.play("/", play), timeout=1.0, max_bytes=2_000_000)
    assert time.monotonic() - began < 3


NO_TEXT = ["punycode", "idna", "undefined", "utf-7", "unicode_escape", "raw_unicode_escape", "hex", "rot13", "rot_13"]
NO_TEXT += ["base64", "bz2", "zlib", "uu", "quopri", "mbcs", "oem", "utf-8-sig\0", "../os", "cp65001", "x" * 1000]


@pytest.mark.parametrize("charset", NO_TEXT)
async def test_what_is_no_encoding_of_text_is_not_used(player: Player, charset: str) -> None:
    body = b"xn--" + b"a9" * 400_000
    reply = Reply(200, body, {"Content-Type": f"text/html; charset={charset}".replace("\0", "")})
    async with a_loop_that_goes_on():
        got = await ask(player.play("/", reply), timeout=5)
    assert (got["encoding"], got["bytes"]) == ("base64", len(body))


TEXT = "Zürich: 5 €"


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/html", TEXT.encode(), TEXT),
        ('text/html; charset="UTF-8"', TEXT.encode(), TEXT),
        ("text/html;charset = utf8 ; x=1", TEXT.encode(), TEXT),
        ("text/html; x=charset; charset=iso-8859-1", TEXT.encode("cp1252"), TEXT),
        ("text/html; charset=US-ASCII", b"a", "a"),
        ("text/html; charset=windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("text/html; charset=koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("text/html; charset=Shift_JIS", "日本①".encode("cp932"), "日本①"),
        ("text/html; charset=EUC-JP", "日本".encode("euc-jp"), "日本"),
        ("text/html; charset=iso-2022-jp", "日本".encode("iso-2022-jp"), "日本"),
        ("text/html; charset=gb2312", "中国镕".encode("gbk"), "中国镕"),
        ("text/html; charset=big5", "香港".encode("big5"), "香港"),
        ("text/html; charset=euc-kr", "한국".encode("euc-kr"), "한국"),
        ("text/html; charset=utf-16le", "a€".encode("utf-16-le"), "a€"),
        ("text/html; charset=iso-8859-9", "ğ".encode("iso-8859-9"), "ğ"),
        ("text/html; charset=macintosh", "é".encode("mac-roman"), "é"),
        ("text/html; charset=utf-8", b"\xff", None),
        ("text/html; charset=", b"a", None),
        ("text/html; charset=\u0661", b"a", None),
    ],
)
def test_text_is_decoded_by_its_charset(content_type: str, body: bytes, text: str | None) -> None:
    assert decoded(body, content_type) == text


@pytest.mark.parametrize("body", [b"one\n", b"\0\0one\n", b""])
async def test_gzip_of_several_members_is_all_of_them(player: Player, body: bytes) -> None:
    packed = gzip.compress(body) + gzip.compress(b"") + bytes(10) + gzip.compress(b"two\n") + bytes(3)
    got = await ask(player.play("/", Reply(200, packed, {"Content-Encoding": "gzip"})))
    assert got["bytes"] == len(body) + 4


async def test_gzip_members_that_come_byte_by_byte(player: Player) -> None:
    packed = gzip.compress(b"one\n") + gzip.compress(b"two\n")

    def play(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(GZIPPED + b"".join(chunk(packed[at : at + 1]) for at in range(len(packed))) + b"0\r\n\r\n")

    assert (await ask(player.play("/", play)))["body"] == "one\ntwo\n"


@pytest.mark.parametrize(
    "after", [b"garbage", gzip.compress(b"two\n", mtime=0)[:-1], gzip.compress(b"two", mtime=0)[:5], b"\x1f"]
)
async def test_gzip_that_goes_on_as_something_else_is_no_success(player: Player, after: bytes) -> None:
    packed = gzip.compress(b"one\n") + after
    with pytest.raises(Unreachable, match="not the gzip"):
        await ask(player.play("/", Reply(200, packed, {"Content-Encoding": "gzip"})))


async def test_a_bomb_in_the_second_member_is_refused(player: Player) -> None:
    packed = gzip.compress(b"one\n") + gzip.compress(bytes(50_000_000))
    with pytest.raises(Refusal, match="larger than 1,000,000 bytes"):
        await ask(player.play("/", Reply(200, packed, {"Content-Encoding": "gzip"})))


@pytest.mark.parametrize("asked", ["1" * 90_000, "Mon, " * 20_000, "1:" * 40_000, "(" * 90_000])
def test_a_long_time_to_wait_is_read_quickly(asked: str) -> None:
    began = time.perf_counter()
    wait({"retry-after": asked}, 0.0)
    assert time.perf_counter() - began < 0.5
