"""Hostile input for the task types of the catalogue: what is laid out before, and the parameters."""

import gzip
import io
import json
import os
import socket
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.catalogue.test_files_images import header_only
from tests.catalogue.test_files_refused import endless_directory_in_zip64
from tests.catalogue.web.player import Player, Reply

MEBIBYTE = bytes(2**20)


class HostileInput(NamedTuple):
    task_type: str
    what: str
    parameters: dict[str, Any]
    files: Mapping[str, bytes] = MappingProxyType({})
    """Below the root."""
    links: Mapping[str, str] = MappingProxyType({})
    answer: Reply | None = None
    """What the server at `URL` says."""
    stands_for: str = "127.0.0.1"
    """Where the name in the URL leads."""


def zip_of(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def unpack(name: str, **more: Any) -> dict[str, Any]:
    return {"filename": name, "operation": {"kind": "decompress", **more}}


TABLE = [{"price": 2.5, "region": "north"}]
MAIL = {"to": "recipient@example.com"}
WIDE = ",".join(f"c{n}" for n in range(10_000)).encode()
DOUBLING = [{"do": "derive", "column": "region", "expression": " || ".join(["region"] * 10)}] * 20

HOSTILE = [
    HostileInput("math", "an exponent tower: `9**9**9**9`", {"expression": "9**9**9**9"}),
    HostileInput("math", "the same with digits on request", {"expression": "9**9**9**9", "digits": 50}),
    HostileInput("math", "a huge factorial", {"expression": "factorial(10**9)", "digits": 50}),
    HostileInput("math", "code", {"expression": "__import__('os').system('id')"}),
    HostileInput("math", "a hundred powers of 1 000 digits", {"expression": "+".join(["3**.7"] * 100), "digits": 1000}),
    HostileInput("math", "1,000 brackets", {"expression": "(" * 490 + "1" + ")" * 490}),
    HostileInput("data_processing", "a path that leads up", {"data": {"file": "../secret.csv"}}),
    HostileInput("data_processing", "a link that leads out", {"data": {"file": "out/a.csv"}}, links={"out": "/"}),
    HostileInput(
        "data_processing",
        "a CSV file with 10 000 columns",
        {"data": {"file": "wide.csv"}, "rows": 1},
        {"wide.csv": WIDE + b"\n"},
    ),
    HostileInput("data_processing", "an endless line", {"data": {"file": "a.csv"}}, {"a.csv": b"a" * 2**21}),
    HostileInput(
        "data_processing",
        "a row with more fields than the header",
        {"data": {"file": "a.csv"}},
        {"a.csv": b"a,b\n" + b"1,2\n" * 2_500 + b"1,2,3\n"},
    ),
    HostileInput(
        "data_processing",
        "a value that is not of the type named",
        {"data": {"file": "a.csv", "types": {"a": "integer"}}},
        {"a.csv": b"a,b\n1,2\n00x,2\n"},
    ),
    HostileInput(
        "data_processing", "a text that is not UTF-8", {"data": {"file": "a.csv"}}, {"a.csv": b"a,b\n1,\xe9\n"}
    ),
    HostileInput(
        "data_processing",
        "a name twice in a JSON object",
        {"data": {"file": "a.jsonl"}},
        {"a.jsonl": b'{"a": 1, "a": 2}\n'},
    ),
    HostileInput(
        "data_processing",
        "JSON that is nested without end",
        {"data": {"file": "a.json"}},
        {"a.json": b'[{"a": ' + b"[" * 100_000},
    ),
    HostileInput(
        "data_processing",
        "a text compared with a number",
        {"data": TABLE, "steps": [{"do": "filter", "where": "region > 5"}]},
    ),
    HostileInput(
        "data_processing",
        "SQL in an expression",
        {"data": TABLE, "steps": [{"do": "filter", "where": "price > 1; drop table x"}]},
    ),
    HostileInput(
        "data_processing",
        "a function that reads files",
        {"data": TABLE, "steps": [{"do": "filter", "where": "read_text('/etc/passwd') = ''"}]},
    ),
    HostileInput("data_processing", "a text that grows tenfold in each step", {"data": TABLE, "steps": DOUBLING}),
    HostileInput("file_processing", "a path that leads up", {"filename": "../secret.txt"}),
    HostileInput("file_processing", "a path from the top", {"filename": "/etc/passwd"}),
    HostileInput("file_processing", "a link that leads out", {"filename": "link"}, links={"link": "/etc/passwd"}),
    HostileInput("file_processing", "a zip bomb", unpack("bomb.zip"), {"bomb.zip": zip_of(("a", MEBIBYTE * 64))}),
    HostileInput(
        "file_processing", "a gzip file of a huge ratio", unpack("a.gz"), {"a.gz": gzip.compress(MEBIBYTE * 64)}
    ),
    HostileInput(
        "file_processing",
        "a file that unpacks to more than the limit",
        unpack("a.gz", limit=2000),
        {"a.gz": gzip.compress(os.urandom(3000))},
    ),
    HostileInput(
        "file_processing",
        "a zip whose files lead out",
        unpack("a.zip"),
        {"a.zip": zip_of(("a", b"1"), ("../../evil", b"2"))},
    ),
    HostileInput(
        "file_processing",
        "a zip of 100 000 files, which its zip64 record alone tells",
        unpack("a.zip"),
        {"a.zip": endless_directory_in_zip64()},
    ),
    HostileInput(
        "file_processing",
        "an image of 50 000 x 50 000",
        {"filename": "big.png", "operation": {"kind": "resize", "width": 10}},
        {"big.png": header_only(50_000, 50_000)},
    ),
    HostileInput("email_sending", "a header in the subject", {**MAIL, "subject": "Hi\r\nBcc: evil@example.com"}),
    HostileInput(
        "email_sending",
        "a header through a value",
        {**MAIL, "subject": "Hi $name", "values": {"name": "x\nBcc: evil@example.com"}},
    ),
    HostileInput("email_sending", "a header in a recipient", {"to": "a@example.com\r\nBcc: evil@example.com"}),
    HostileInput("email_sending", "a file from elsewhere", {**MAIL, "attachments": [{"path": "../secret.txt"}]}),
    HostileInput("email_sending", "several recipients in one", {"to": "a@example.com, evil@example.com"}),
    HostileInput("http_request", "a private address", {"url": "http://10.0.0.1/"}),
    HostileInput("http_request", "the metadata of a cloud", {"url": "http://169.254.169.254/latest/meta-data"}),
    HostileInput(
        "http_request", "a private address, by DNS", {"url": "http://evil.example/"}, stands_for="192.168.1.1"
    ),
    HostileInput(
        "http_request",
        "a private address, by a redirect",
        {"url": "URL"},
        answer=Reply(302, "", {"Location": "http://10.0.0.1/"}),
    ),
    HostileInput("http_request", "loopback as a number", {"url": "http://2130706434/"}),
    HostileInput("http_request", "a file", {"url": "file:///etc/passwd"}),
    HostileInput("http_request", "a header in a header", {"url": "URL", "headers": {"X-A": "1\r\nX-Evil: 1"}}),
    HostileInput(
        "http_request",
        "an answer of 50 MB in 50 kB of gzip",
        {"url": "URL"},
        answer=Reply(200, gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"}),
    ),
    HostileInput("http_request", "a redirect in a circle", {"url": "URL"}, answer=Reply(302, "", {"Location": "/"})),
    HostileInput("github", "a path instead of a repository", {"repository": "../../user"}),
    HostileInput("report", "a path that leads up", {"output": "../report"}),
    HostileInput(
        "report",
        "a table of 750 pages",
        {
            "about": {"kind": "data", "sections": [{"heading": "a", "rows": [{f"c{n}": 1 for n in range(600)}] * 380}]},
            "output": "report",
        },
    ),
    HostileInput("simulation", "more samples than there is time for", {"model": {"name": "pi"}, "samples": 10**15}),
]


def lay_out(one: HostileInput, root: Path, player: Player) -> str:
    """Returns the parameters as JSON."""
    root.mkdir()
    for name, content in one.files.items():
        (root / name).write_bytes(content)
    for name, target in one.links.items():
        (root / name).symlink_to(target)
    url = player.play("/", one.answer or Reply(200, "reached")).replace("127.0.0.1", "server.example")
    return json.dumps(one.parameters).replace('"URL"', json.dumps(url))


def resolver(address: str) -> Callable[..., Any]:
    """Instead of a name server."""

    async def names(host: str, port: int, **_: Any) -> list[Any]:
        found = address if host.endswith(".example") else socket.gethostbyname(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    return names
