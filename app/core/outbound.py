"""Outgoing HTTP to addresses that partners chose: never to a private place.

The check is where the socket opens, on the address that it opens, so no name can resolve to one thing when checked
and to another when used. Redirects are not followed, proxies of the environment are not used, answers are capped.
The one module that knows httpx, so that its successor can take its place in one change.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

MAX_ANSWER = 1_000
"""Bytes of an answer that are read; the rest is never taken off the wire."""
CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 15.0
EMBEDDING = (
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.ip_network("64:ff9b:1::/48"), 0),  # NAT64, local use
    (ipaddress.ip_network("2002::/16"), 80),  # 6to4: the IPv4 address follows the prefix
)
"""IPv6 networks whose addresses carry an IPv4 address, and how far it stands from the right."""


class PrivateAddress(Exception):
    """The name or address leads to a place that is not public."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered."""

    status: int
    excerpt: str
    retry_after: int | None


def fault_of(url: str, *, loopback: bool) -> str | None:  # noqa: PLR0911 - one line a rule
    """What is wrong with an address as it is written; None where nothing is. Names are checked again when used."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a well-formed URL"
    host = parts.hostname or ""
    if not host or parts.username or parts.password or parts.fragment:
        return "must have a host, and neither user, password nor fragment"
    if loopback and (host == "localhost" or _is_loopback(host)):
        return None if parts.scheme in ("http", "https") else "must begin with https://"
    if parts.scheme != "https":
        return "must begin with https://"
    if port is not None and port != 443 and port < 1024:
        return "must use port 443, or one above 1023"
    literal = _literal(host)
    if literal is not None and not is_public(literal):
        return "must lead to a public address"
    if literal is None and ("." not in host or host.endswith((".local", ".internal", ".localhost", ".home.arpa"))):
        return "must lead to a public address"
    return None


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the public internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        for network, shift in EMBEDDING:
            if address in network and not is_public(ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)):
                return False
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, also in the odd spellings that `connect` understands (`0x7f.1`, `2130706433`)."""
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and literal.is_loopback


class _PublicOnly(httpcore.AnyIOBackend):
    """Opens sockets to public addresses alone; resolves once, and connects to what it judged."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature httpcore calls
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).split("%", maxsplit=1)[0]) for entry in found]
        # One private address among several is enough to refuse: it is not ours to choose a better one.
        for address in addresses:
            if not is_public(address) and not (self._loopback and address.is_loopback):
                raise PrivateAddress
        return await super().connect_tcp(str(addresses[0]), port, timeout, local_address, socket_options)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx over a pool of ours, because httpx does not let a network backend be chosen."""

    def __init__(self, *, loopback: bool, connections: int) -> None:
        super().__init__(verify=_trusted(), trust_env=False, retries=0)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trusted(),
            max_connections=connections,
            max_keepalive_connections=connections // 2,
            keepalive_expiry=30,
            network_backend=_PublicOnly(loopback=loopback),
        )


class Outbound:
    """Posts to the outside."""

    def __init__(self, *, loopback: bool = False, connections: int = 200) -> None:
        """`loopback` opens 127.0.0.1 for development; nothing else private is ever opened."""
        self._loopback, self._connections = loopback, connections

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        """Made when first needed: a process that has nothing to send starts sooner."""
        return httpx.AsyncClient(
            transport=_Transport(loopback=self._loopback, connections=self._connections),
            timeout=httpx.Timeout(10, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post, and read the beginning of the answer.

        Raises PrivateAddress, TimeoutError or OSError (the connection failed), each without sending anything twice.
        """
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                request = self._client.build_request("POST", url, content=body, headers=dict(headers))
                answer = await self._client.send(request, stream=True)
                try:
                    return Reply(answer.status_code, await _beginning(answer), _seconds(answer.headers))
                finally:
                    await answer.aclose()
        except httpx.TimeoutException:
            raise TimeoutError from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ConnectionError(type(error).__name__) from None

    async def close(self) -> None:
        """Close every connection."""
        if "_client" in self.__dict__:
            await self._client.aclose()


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust; reading the certificates takes longer than a connection, so once for all."""
    return httpx.create_ssl_context(trust_env=False)


async def _beginning(answer: httpx.Response) -> str:
    read = bytearray()
    async for chunk in answer.aiter_raw(MAX_ANSWER):
        read += chunk
        if len(read) >= MAX_ANSWER:
            break
    return bytes(read[:MAX_ANSWER]).decode("utf-8", errors="replace").replace("\x00", "")


def _seconds(headers: Mapping[str, str]) -> int | None:
    """`Retry-After` in seconds; dates are rare and read as none."""
    told = headers.get("retry-after", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 8 else None
