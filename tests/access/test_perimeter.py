"""The server as others reach it: HTTPS, proxies, names, addresses below a path; each a real process."""

import json
import logging
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from taskmill.core.errors import InvalidSettings
from taskmill.server.certificate import Certificate
from tests.access.conftest import PASSWORD
from tests.cli.conftest import call_real, free_port, read_until, running, stop

pytestmark = pytest.mark.slow
LOGIN = {"name": "ada", "password": PASSWORD}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a store in which one user may log in."""
    assert call_real("migrate", cwd=tmp_path).returncode == 0
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    added = call_real("user", "add", "ada", "--role", "admin", "--password-stdin", cwd=tmp_path, stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
    return tmp_path


@contextmanager
def serving(folder: Path, *options: str, **client: object) -> Iterator[httpx.Client]:
    port = free_port()
    with running("server", "--port", str(port), *options, cwd=folder) as process:
        said = read_until(process, "Ctrl-C")
        scheme = "https" if "https://" in said else "http"
        url = f"{scheme}://localhost:{port}" if scheme == "https" else f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=20, **client) as http:  # type: ignore[arg-type]
            yield http
        stop(process, signal.SIGTERM)


def files(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    certificate = authority.issue_cert("localhost")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    return chain, key


def test_over_https_a_session_is_for_https_alone(folder: Path) -> None:
    authority = trustme.CA()
    chain, key = files(authority, folder)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    options = ("--tls-certificate", str(chain), "--tls-key", str(key))
    with serving(folder, *options, verify=context) as http:
        reply = http.post("/api/login", json=LOGIN)
        assert reply.status_code == 204
        assert reply.headers["set-cookie"].startswith("__Host-taskmill=")
        assert "; Secure" in reply.headers["set-cookie"]
        assert reply.headers["strict-transport-security"] == "max-age=31536000"
        assert http.get("/api/me").json()["name"] == "user:ada"
        with http.stream("GET", "/api/events") as stream:
            assert next(stream.iter_lines())


def test_a_certificate_that_cannot_be_used_is_told(folder: Path) -> None:
    chain, _ = files(trustme.CA(), folder)
    (folder / "other").mkdir()
    _, key = files(trustme.CA(), folder / "other")
    wrong = {"not that of": [chain, key], "No such file": [Path("none.pem")], "PEM": [key]}
    for why, given in wrong.items():
        flags = ("--tls-certificate", "--tls-key")
        options = [part for flag, file in zip(flags, given, strict=False) for part in (flag, str(file))]
        ended = call_real("server", "--port", str(free_port()), *options, cwd=folder)
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        assert "tls_certificate" in ended.stderr
        assert why in ended.stderr


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chain, key = files(trustme.CA(), tmp_path)
    certificate = Certificate(str(chain), str(key))
    caplog.set_level(logging.INFO)
    certificate.look()
    assert not caplog.records
    files(trustme.CA(), tmp_path)
    certificate.look()
    assert "was renewed" in caplog.text
    chain.write_text("broken")
    certificate.look()
    assert "the old one stays" in caplog.text
    with pytest.raises(InvalidSettings):
        Certificate(str(chain), str(key))


def test_a_proxy_is_believed_if_it_is_named(folder: Path) -> None:
    forwarded = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}
    with serving(folder) as http:
        reply = http.post("/api/login", json=LOGIN, headers=forwarded)
        assert reply.headers["set-cookie"].startswith("taskmill=")
    (folder / "taskmill.toml").write_text('trusted_proxies = ["127.0.0.0/8"]\n')
    with serving(folder) as http:
        reply = http.post("/api/login", json=LOGIN, headers=forwarded)
        assert reply.headers["set-cookie"].startswith("__Host-taskmill=")
    addresses = [line["address"] for line in audit(folder) if line["action"] == "login"]
    assert addresses == ["203.0.113.7", "127.0.0.1"]


def test_below_a_path(folder: Path) -> None:
    (folder / "taskmill.toml").write_text('base_path = "/mill/"\n')
    with serving(folder) as http:
        assert http.post("/mill/api/login", json=LOGIN).status_code == 204
        assert http.get("/mill/api/me").status_code == 200
        assert http.get("/healthz").status_code == 200, "of the one who looks whether it lives"
        made = http.post("/mill/api/tasks", json={"task_type": "math", "parameters": {"expression": "1"}})
        assert made.headers["location"].startswith("/mill/api/tasks/")
        assert http.get(made.headers["location"]).status_code == 200


def test_others_reach_it_by_any_name_where_there_is_a_login(folder: Path) -> None:
    with serving(folder, "--host", "0.0.0.0") as http:
        reply = http.get("/api/tasks", headers={"host": "mill.example"})
        assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")


def test_without_a_login_names_are_still_looked_at(folder: Path) -> None:
    (folder / "taskmill.toml").write_text('hosts = ["mill.example"]\n')
    with serving(folder, "--host", "0.0.0.0", "--no-login") as http:
        assert http.get("/api/tasks", headers={"host": "mill.example"}).status_code == 200
        assert http.get("/api/tasks", headers={"host": "evil.example"}).status_code == 403


def audit(folder: Path) -> list[dict[str, str]]:
    found = call_real("audit", "--jsonl", cwd=folder)
    return [json.loads(line) for line in found.stdout.splitlines()]
