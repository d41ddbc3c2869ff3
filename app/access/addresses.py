"""Whose address a request comes from, for limits and nothing else. Pure.

The peer's address counts, unless the peer is a proxy that the operator trusts (`APP_TRUSTED_PROXIES`): then the
right-most hop of `X-Forwarded-For` that is not itself trusted. Everything to the left of it was written by the client
and may say anything. An IPv6 client is counted by its /64, because one subscriber owns all of it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
LOCAL = "local"
"""A peer without an address: a Unix socket."""
HOPS = 32
"""More hops than this are noise; what lies before them is not read."""


def networks(text: str) -> tuple[Network, ...]:
    """Read a list of networks or addresses, separated by commas or blanks."""
    return tuple(ip_network(part, strict=False) for part in text.replace(",", " ").split())


def client_of(peer: str | None, forwarded: Iterable[bytes], trusted: Sequence[Network]) -> str:
    """Name the client: an IPv4 address, or the network of an IPv6 address."""
    if not trusted:
        return _name(peer or "")
    address = _read(peer or "")
    if address is None or not _is_in(address, trusted):
        return _name(peer or "")
    hops = [hop.strip() for header in forwarded for hop in header.decode("latin-1").split(",")]
    for hop in reversed(hops[-HOPS:]):
        found = _read(hop)
        if found is None:
            break  # whoever wrote this hop is the last one we can name
        address = found
        if not _is_in(found, trusted):
            break
    return _name(str(address))


@lru_cache(maxsize=1024)
def _name(text: str) -> str:
    address = _read(text)
    if address is None:
        return LOCAL
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


def _read(text: str) -> Address | None:
    """An address, also with a port or in brackets; IPv4 written as IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
