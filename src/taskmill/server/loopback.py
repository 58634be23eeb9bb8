"""Where a server without a login may listen: on this machine alone."""

import ipaddress

from taskmill.core.errors import InvalidSettings


def loopback(host: str) -> str:
    """The address to bind for a host of the settings. Raises InvalidSettings for one that others can reach."""
    name = host.strip("[]")
    try:
        if name == "localhost" or ipaddress.ip_address(name).is_loopback:
            return "127.0.0.1" if name == "localhost" else name
    except ValueError:
        pass
    raise InvalidSettings(
        f"cannot listen on {host!r}: there is no login yet, so anyone who reaches this server could run tasks",
        hint="bind 127.0.0.1, and put a proxy with a login in front of it",
    )
