"""What a server is told."""

from typing import Literal, NamedTuple

Login = Literal["auto", "always", "never"]


class ServerSettings(NamedTuple):
    host: str = "127.0.0.1"
    port: int = 8000
    cors: tuple[str, ...] = ()
    """Origins whose pages may call it."""
    hosts: tuple[str, ...] = ()
    """Names it answers for, besides `host` and those of the loopback."""
    login: Login = "auto"
    tls_certificate: str | None = None
    """A file in PEM, with the chain."""
    tls_key: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    base_path: str = ""
    """What addresses begin with, like /taskmill, behind a proxy that leaves it there."""
    grpc_port: int | None = None
    """None: the usual one, where the library is installed and the port is free. 0: no gRPC."""
    audit_days: int = 400
    """How long lines of the audit are kept."""

    @property
    def is_local(self) -> bool:
        """Nobody but this machine reaches it."""
        return loopback(self.host) is not None


def loopback(host: str) -> str | None:
    """The address, if it is one of the loopback."""
    import ipaddress

    name = host.strip("[]")
    try:
        if name == "localhost" or ipaddress.ip_address(name).is_loopback:
            return "127.0.0.1" if name == "localhost" else name
    except ValueError:
        pass
    return None
