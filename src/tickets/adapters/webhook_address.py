"""Where a webhook may go: the public internet, and what the operator names; never the house's own network.

A host name is resolved once and the connection made to the address that was judged: a name that resolves
to something else a moment later (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host and port, best first. Raises `OSError` when there is none."""

# Protocol assignments (RFC 6890; one cloud has its metadata there), the anycast of 6to4 relays (RFC 7526),
# and what is for documentation only (RFC 9637): not every Python's `is_global` knows them.
_SPECIAL = (ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"), ip_network("3fff::/20"))
_UNICAST = ip_network("2000::/3")  # RFC 4291: all of IPv6 that is routed to anybody
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes


_LOOKING_UP = ThreadPoolExecutor(64, thread_name_prefix="resolve")
"""Look-ups block for as long as a name server likes, and the loop's own threads are few: one whose names are
never answered must not keep others from being found."""


class Forbidden(Exception):  # noqa: N818 - a condition, not a bug
    """A webhook may not go there. `str()` says why."""


async def resolve(host: str, port: int, look_up: Callable[..., Any] = socket.getaddrinfo) -> list[str]:
    """Ask the system's resolver. Raises `OSError`."""
    asked = partial(look_up, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOKING_UP, asked)
    return [str(address[0]) for *_, address in found]


class Gate:
    """Judges addresses. `allowed` are host names, addresses and networks that may be reached regardless."""

    def __init__(self, allowed: Sequence[str], resolver: Resolver = resolve) -> None:
        self._names = {name.lower().rstrip(".") for name in allowed}
        self._networks = [network for name in allowed if (network := _network(name)) is not None]
        self._resolver = resolver

    async def address(self, host: str, port: int) -> Address:
        """The address to connect to. Raises `Forbidden`, and `OSError` when the name leads nowhere.

        One forbidden address among several forbids the host: what is public has no private address.
        """
        try:
            found = [ip_address(text.partition("%")[0]) for text in await self._resolver(host, port)]
        except UnicodeError as fault:  # labels too long or empty: getaddrinfo's IDNA says so
            raise Forbidden(f"{host!r} is not a host name") from fault
        if not found:
            raise OSError(f"{host} has no address")
        if host.lower().rstrip(".") not in self._names:
            for address in found:
                self._judge(host, address)
        return found[0]

    def _judge(self, host: str, address: Address) -> None:
        if not is_public(address) and not any(address in network for network in self._networks):
            raise Forbidden(f"{host} leads to {address}, which is not public")


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, looking through what IPv6 wraps around IPv4."""
    if isinstance(address, IPv4Address):
        special = address.is_multicast or address.is_reserved or any(address in net for net in _SPECIAL)
        return address.is_global and not special
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    if (inner := address.ipv4_mapped or address.sixtofour) is not None:
        return is_public(inner)
    special = address.is_multicast or any(address in net for net in _SPECIAL) or address.teredo is not None
    return address in _UNICAST and address.is_global and not special


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
