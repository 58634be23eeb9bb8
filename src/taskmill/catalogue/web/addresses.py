"""Which addresses a request may go to. A name is looked up once, and what it stands for is judged, not the name.

Public addresses may be reached; private, loopback, link-local and other special ones only within `allowed_networks`.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from taskmill.catalogue.refusal import Refusal
from taskmill.catalogue.web.errors import Unreachable

Address = IPv4Address | IPv6Address

NAT64 = ip_network("64:ff9b::/96")
NOT_FOUND = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


async def resolved(host: str, port: int, allowed: tuple[str, ...]) -> list[str]:
    """The addresses of a host, each of which may be reached. Raises Refusal, Unreachable."""
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
    plain = _plain(ip_address(address.partition("%")[0]))
    if any(plain in ip_network(network) for network in allowed):
        return True
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def _plain(address: Address) -> Address:
    """The IPv4 address that is reached where an IPv6 address only wraps one."""
    if isinstance(address, IPv4Address):
        return address
    wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if wrapped is None and (address in NAT64 or address in ip_network("::/96")):
        wrapped = IPv4Address(int(address) & 0xFFFFFFFF)
    return address if wrapped is None or address.is_loopback else wrapped
