"""Which addresses a request may go to. A name is looked up once, and what it stands for is judged, not the name.

Public addresses may be reached; private, loopback, link-local and other special ones only within `allowed_networks`.
What is public is decided by the tables below, alike on every version of Python.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.web.errors import Unreachable

Address = IPv4Address | IPv6Address

SPECIAL_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
"""What IANA's IPv4 Special-Purpose Address Registry does not call globally reachable, and multicast."""
GLOBAL_4 = tuple(map(IPv4Network, ("192.0.0.9/32", "192.0.0.10/32")))
"""What it calls globally reachable within those: anycast of PCP and TURN."""
UNICAST_6 = IPv6Network("2000::/3")
"""Global unicast: everything else is special, reserved or not assigned."""
SPECIAL_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""What the registry for IPv6 does not call globally reachable within that; with Teredo and 6to4, which lead to IPv4."""
GLOBAL_6 = tuple(
    map(
        IPv6Network,
        (
            "2001:1::1/128",
            "2001:1::2/128",
            "2001:1::3/128",
            "2001:3::/32",
            "2001:4:112::/48",
            "2001:20::/28",
            "2001:30::/28",
        ),
    )
)
"""What it calls so within those."""
WRAPPED = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""An IPv4 address in the last 32 bits, which is what is reached: mapped, NAT64."""

NOT_FOUND = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


async def resolved(host: str, port: int, allowed: tuple[str, ...]) -> list[str]:
    """The addresses of a host, each of which may be reached. Raises Refusal, Unreachable.

    `host`: in ASCII, as it stands in the request; Python would look up another name for one beyond it.
    """
    addresses = await _look_up(host, port)
    for address in addresses:
        if not reachable(address, allowed):
            what = f"{host} is not" if host == address else f"{host} stands for {address}, which is not"
            raise Refusal(f"{what} a public address; the operator may allow it: allowed_networks")
    return addresses


async def _look_up(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in NOT_FOUND:
            raise Unreachable(f"there is no host {host}") from None
        raise Unreachable(f"{host} can't be looked up: {error.strerror}") from None
    except (UnicodeError, OSError):
        raise Refusal(f"{host[:100]!r} can't be the name of a host") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def reachable(address: str, allowed: tuple[str, ...]) -> bool:
    """An IPv4 address that is wrapped in one of IPv6 is judged as itself, and may be allowed in either form."""
    given = ip_address(address.partition("%")[0])
    reached = IPv4Address(int(given) & 0xFFFFFFFF) if given.version == 6 and _within(given, WRAPPED) else given
    if any(one in ip_network(network) for network in allowed for one in (given, reached)):
        return True
    if reached.version == 4:
        return not _within(reached, SPECIAL_4) or _within(reached, GLOBAL_4)
    return reached in UNICAST_6 and (not _within(reached, SPECIAL_6) or _within(reached, GLOBAL_6))


def _within(address: Address, networks: tuple[IPv4Network, ...] | tuple[IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)
