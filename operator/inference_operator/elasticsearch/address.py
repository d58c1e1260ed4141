"""Where a connection may lead.

A connection's URL is written by a tenant and followed by the operator, from inside the cluster's network. So
every address is judged at the moment of connecting, whatever name or spelling led to it.
"""

import ipaddress
import socket
from collections.abc import Collection
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from inference_operator.errors import Reason, Stalled

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_METADATA = frozenset(
    ipaddress.ip_address(a)
    for a in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
"""Metadata services of clouds that do not lie in the link-local range (AWS, Google, Alibaba, Azure, Oracle)."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")


class AddressNotAllowed(OSError):
    """The guard refused an address; an OSError, as that is what a resolver may raise."""


def embedded(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 form carries (mapped, 6to4, Teredo, NAT64), or the address itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64 or address in _NAT64_LOCAL:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def is_guarded(address: IPAddress, forbidden: Collection[str] = ()) -> bool:
    """Whether no tenant may lead the operator to this address."""
    inner = embedded(address)
    return (
        inner.is_loopback
        or inner.is_link_local
        or inner.is_multicast
        or inner.is_unspecified
        or inner.is_reserved
        or inner in _METADATA
        or str(inner) in forbidden
    )


class Guard:
    """Judges hosts; `allowed` lists the names and addresses that the operator's administrator exempts."""

    def __init__(self, allowed: Collection[str] = (), forbidden: Collection[str] = ()) -> None:
        self._allowed = frozenset(h.lower() for h in allowed)
        self._forbidden = frozenset(forbidden)

    def exempts(self, host: str) -> bool:
        """Whether the administrator exempts this host."""
        return host.lower().rstrip(".") in self._allowed

    def check_address(self, host: str, address: str) -> None:
        """Raises AddressNotAllowed unless `host`, which resolves to `address`, may be reached."""
        if not self.exempts(host) and is_guarded(
            ipaddress.ip_address(address.split("%", maxsplit=1)[0]), self._forbidden
        ):
            raise AddressNotAllowed(host)

    def check_url_host(self, host: str) -> None:
        """Refuse an address given as the host of a URL, which never meets the resolver.

        Raises:
            Stalled: the address may not be reached.
        """
        try:
            # inet_aton also reads the forms that some clients take for addresses: 127.1, 0x7f.0.0.1, 2130706433
            literal = (
                str(ipaddress.ip_address(host)) if ":" in host else socket.inet_ntoa(socket.inet_aton(host))
            )
        except (OSError, ValueError):
            return
        try:
            self.check_address(host, literal)
        except AddressNotAllowed:
            raise not_allowed(host) from None


def not_allowed(host: str) -> Stalled:
    """The error that tells a person about a guarded address."""
    return Stalled(
        Reason.ADDRESS_NOT_ALLOWED,
        f"the host {host!r} leads to an address that connections may not reach; use another, "
        "or ask the operator's administrator to allow it",
    )


class GuardedResolver(AbstractResolver):
    """Resolves a name once, and lets through only addresses that may be reached."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        """The addresses of `host`; all of them must be allowed."""
        try:
            found = await self._resolver.resolve(host, port, family)
        except UnicodeError:  # no name at all, such as one with two dots in a row
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
        for result in found:
            self._guard.check_address(host, result["host"])
        return found

    async def close(self) -> None:
        """Nothing to close."""
        await self._resolver.close()
