"""`http_request` against a real server: what it sends, what it returns, and what it refuses."""

import asyncio
import gzip
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from taskmill import Retry
from taskmill.catalogue import http_request, settings
from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.settings import CatalogueSettings
from taskmill.catalogue.web.errors import Unreachable
from taskmill.catalogue.web.exchange import trust
from tests.catalogue.attempt import ID, Watcher
from tests.catalogue.web.player import Player, Reply, drip, playing


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
