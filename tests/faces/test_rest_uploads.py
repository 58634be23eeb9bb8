"""Files that are handed in over REST: streamed, bounded, below the root, and there as a whole or not at all."""

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from taskmill.catalogue import settings
from taskmill.catalogue.settings import CatalogueSettings
from tests.chaos.running import until
from tests.faces.site import Site

pytestmark = pytest.mark.parametrize("site", ["sqlite"], indirect=True)
LIMIT = 3_000_000


def folder() -> Path:
    return settings.current().roots[0] / "uploads"


def kept() -> list[str]:
    return sorted({*os.listdir(folder())} - {".taskmill"}) if folder().exists() else []


def being_written() -> int:
    """Files below the folder that are open; the server runs in this process."""
    links = Path("/proc/self/fd").iterdir()
    return sum(os.path.islink(link) and os.readlink(link).startswith(f"{folder()}/") for link in links)


@pytest.fixture(autouse=True)
def nothing_kept(site: Site) -> None:
    for name in kept():
        (folder() / name).unlink()


def test_a_file_is_taken_in_replaced_listed_and_deleted(site: Site) -> None:
    content = os.urandom(LIMIT)
    made = site.http.put("/api/uploads/my sales.csv", content=content)
    assert made.status_code == 201, made.text
    assert made.json() == {
        "name": "my sales.csv",
        "path": "uploads/my sales.csv",
        "bytes": LIMIT,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert (folder() / "my sales.csv").read_bytes() == content
    assert site.http.put("/api/uploads/my sales.csv", content=b"a\n1\n").status_code == 200
    assert (folder() / "my sales.csv").read_bytes() == b"a\n1\n"
    [shown] = site.http.get("/api/uploads").json()["uploads"]
    assert (shown["path"], shown["bytes"]) == ("uploads/my sales.csv", 4)
    assert site.http.delete("/api/uploads/my sales.csv").status_code == 204
    assert site.http.delete("/api/uploads/my sales.csv").json()["code"] == "not_found"
    assert (site.http.get("/api/uploads").json(), kept()) == ({"uploads": []}, [])


def test_an_empty_file_and_pieces_of_unknown_number(site: Site) -> None:
    assert site.http.put("/api/uploads/empty").json()["bytes"] == 0
    assert site.http.put("/api/uploads/pieces", content=iter([b"a" * 70_000, b"b"])).json()["bytes"] == 70_001


HOSTILE = {
    "up": "../secret",
    "up alone": "..",
    "down": "a/b",
    "another system's": "..\\secret",
    "hidden": ".bashrc",
    "a line": "a\nb",
    "a zero": "a\0b",
    "a cursor": "a\x1b[2J",
    "right to left": "gpj.\u202eexe",
    "long": "x" * 129,
    "many bytes": "€" * 70,
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names(site: Site, name: str) -> None:
    for refused in (
        site.http.request("PUT", f"/api/uploads/{quote(name, safe='')}", content=b"x"),
        site.http.request("DELETE", f"/api/uploads/{quote(name, safe='')}"),
    ):
        assert (refused.status_code, refused.json()["code"]) in [(422, "invalid_request"), (404, "unknown_route")]
        assert refused.headers["content-type"] == "application/problem+json"
    assert kept() == []


def chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * 65_536


@pytest.mark.parametrize("content", [b"x" * (LIMIT + 1), chunks(60)], ids=["said", "unsaid"])
def test_too_large(site: Site, content: bytes | Iterator[bytes]) -> None:
    refused = site.http.put("/api/uploads/big", content=content)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert "over 3,000,000 bytes" in refused.json()["detail"]
    assert "upload_limit" in refused.json()["hint"]
    assert kept() == []


def test_what_is_said_to_be_too_large_is_not_even_asked_for(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.http.base_url.port or 0), timeout=10) as wire:
        head = "PUT /api/uploads/big HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n"
        wire.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_caller_that_leaves_midway_leaves_nothing(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.http.base_url.port or 0), timeout=10) as wire:
        wire.sendall(
            b"PUT /api/uploads/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" + b"x" * 999
        )
        until(lambda: being_written() == 1, 10, "it has begun")
        assert kept() == []
    until(lambda: being_written() == 0, 10, "it is given up")
    assert kept() == []


def test_a_root_that_cannot_be_written_to(site: Site, tmp_path: Path) -> None:
    before = settings.current()
    (tmp_path / "file").touch()
    settings.use(CatalogueSettings(roots=(tmp_path / "file",)))
    try:
        refused = site.http.put("/api/uploads/a", content=b"x")
    finally:
        settings.use(before)
    assert (refused.status_code, refused.json()["code"]) == (503, "files_unavailable")
    assert f"cannot keep files below {tmp_path}/file/: Not a directory" in refused.json()["detail"]
    assert "file_roots" in refused.json()["hint"]


def test_a_folder_of_uploads_that_is_a_link(site: Site, tmp_path: Path) -> None:
    before = settings.current()
    (tmp_path / "uploads").symlink_to("/tmp")
    settings.use(CatalogueSettings(roots=(tmp_path,)))
    try:
        refused = site.http.put("/api/uploads/a", content=b"x")
        listed = site.http.get("/api/uploads")
    finally:
        settings.use(before)
    assert "'uploads' is a link, and links are not followed" in refused.json()["detail"]
    assert listed.json()["code"] == "files_unavailable"


def test_pages_of_other_origins_upload_nothing(site: Site) -> None:
    refused = site.http.put("/api/uploads/a", content=b"x", headers={"Origin": "https://evil.example"})
    assert refused.json()["code"] == "forbidden_origin"
    assert kept() == []
