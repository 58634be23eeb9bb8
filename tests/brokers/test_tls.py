"""amqps:// and rediss://: a door with TLS before the server, which has none itself."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from taskmill.core.errors import BrokerUnavailable, InvalidSettings
from taskmill.testing.conformance.brokers.case import TicketWorker
from tests.brokers.conftest import Opened
from tests.brokers.faults import a_ticket, works

pytestmark = pytest.mark.slow


@pytest.fixture(params=["amqp_url", "redis_url"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of localhost, with its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


@asynccontextmanager
async def door(url: str, certificate: Path, *, mutual: bool = False) -> AsyncIterator[str]:
    """The URL that leads through it."""
    parts = urlsplit(url)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate)
    ways: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(parts.hostname, parts.port)
        for source, target in ((reader, back), (there, writer)):
            ways.add(asyncio.create_task(carry(source, target)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    user, at, _ = parts.netloc.rpartition("@")
    try:
        yield parts._replace(scheme=parts.scheme + "s", netloc=f"{user}{at}localhost:{port}").geturl()
    finally:
        server.close()
        await asyncio.gather(*ways)


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            target.write(chunk)
    except OSError:
        pass
    finally:
        target.close()


async def test_with_a_certificate_authority_of_ones_own(url: str, certificate: Path, opened: Opened) -> None:
    async with door(url, certificate) as secure, opened(f"{secure}?cafile={certificate}") as broker:
        await broker.ping()
        await works(broker, TicketWorker(broker, ["faults"], 10))


async def test_with_a_certificate_to_show(url: str, certificate: Path, opened: Opened) -> None:
    key = certificate.with_name("key.pem")
    options = f"?cafile={certificate}&certfile={certificate}&keyfile={key}"
    async with door(url, certificate, mutual=True) as secure, opened(secure + options) as broker:
        await broker.ping()


async def test_without_verifying(url: str, certificate: Path, opened: Opened) -> None:
    async with door(url, certificate) as secure, opened(f"{secure}?verify=no") as broker:
        await broker.ping()


async def test_a_certificate_that_is_not_trusted(url: str, certificate: Path, opened: Opened) -> None:
    async with door(url, certificate) as secure, opened(secure) as broker:
        with pytest.raises(BrokerUnavailable) as refusal:
            await broker.announce([a_ticket()])
        assert "?cafile=" in str(refusal.value.hint)


async def test_a_file_that_is_missing(url: str, opened: Opened) -> None:
    scheme = urlsplit(url).scheme
    with pytest.raises(InvalidSettings, match=r"/no/such\.pem"):
        async with opened(f"{scheme}s://localhost/?cafile=/no/such.pem") as broker:
            await broker.ping()
