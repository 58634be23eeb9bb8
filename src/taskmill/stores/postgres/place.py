"""Where a database is, for people."""

import os
from urllib.parse import parse_qs, urlsplit


def place_of(url: str) -> str:
    """host:port/database, of what the URL says and of what is taken where it says nothing. Without secrets."""
    user, _, rest = url.partition("://")[2].rpartition("@")  # the last one: a password may hold what it must not
    parts = urlsplit(f"//{rest}")
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    hosts = parts.netloc or asked.get("host") or os.environ.get("PGHOST", "localhost")
    port = asked.get("port") or os.environ.get("PGPORT", "5432")
    owner = user.partition(":")[0] or asked.get("user") or os.environ.get("PGUSER", "")
    database = (
        parts.path.strip("/") or asked.get("dbname") or asked.get("database") or os.environ.get("PGDATABASE", owner)
    )
    return f"{','.join(_with_port(host, port) for host in hosts.split(','))}/{database}"


def _with_port(host: str, port: str) -> str:
    return host if ":" in host.rpartition("]")[2] else f"{host}:{port}"
