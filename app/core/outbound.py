"""Outgoing HTTP to addresses that partners chose: never to a private place.

The check is where the socket opens, on the address that it opens, so no name can resolve to one thing when checked
and to another when used. Redirects are not followed, proxies of the environment are not used, answers are capped.
The one module that knows how requests are sent: by httpcore, which is httpx without what a browser needs, at a third
of its cost.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

if find_spec("sniffio") is None:
    # httpcore tries to import it several times for each request; a search that fails takes longer than all the rest.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

MAX_ANSWER = 1_000
"""Bytes of an answer that are read; the rest is never taken off the wire."""
PIECE, HEAD_MOST = 4_096, 65_536
"""Bytes that are taken off the wire at once, so that what is in them is read in a moment; and bytes that may come after
a request before what we read of its answer is whole: a receiver may say `102 Processing` as often as it likes."""
CONNECT_SECONDS, ANSWER_SECONDS, TOTAL_SECONDS = 5.0, 10.0, 15.0
KEPT, KEEP_SECONDS = 4, 4.0
"""Idle connections to one URL, and how long they are used again: less than common servers keep theirs."""
LANES = 200
"""URLs whose connections are kept; more only while more are being posted to."""
RESOLVERS = 64
TRIED = 3
"""Addresses of a name that are tried."""
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
EMBEDDING = (
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.ip_network("64:ff9b:1::/48"), 0),  # NAT64, local use
    (ipaddress.ip_network("2002::/16"), 80),  # 6to4: the IPv4 address follows the prefix
)
"""IPv6 networks whose addresses carry an IPv4 address, and how far it stands from the right."""
SPECIAL = tuple(
    map(ipaddress.ip_network, ("168.63.129.16/32", "192.88.99.0/24", "3fff::/20", "5f00::/16", "fec0::/10"))
)
"""What looks public and is not: a cloud's own services, old relays, documentation, segments of a route, old sites."""
ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""What stands before the IPv4 address in the lower half of an address that leads into somebody's own network."""
UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\s]")
"""Characters that no URL has; some are passed over in silence by who reads one."""


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
    if UNSEEN.search(url):
        return "must hold neither blanks nor control characters"
    host = (parts.hostname or "").rstrip(".")
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


def is_public(address: IPAddress) -> bool:
    """Whether an address is one of the public internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        for network, shift in EMBEDDING:
            if address in network and not is_public(ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)):
                return False
        if address.teredo is not None or int(address) >> 32 & 0xFFFFFFFF in ISATAP:
            return False
    if any(address in network for network in SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _literal(host: str) -> IPAddress | None:
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


class _Bounded(httpcore.AsyncNetworkStream):
    """A connection whose other side may say so much to each request and no more."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream, self._heard = stream, 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the signature httpcore calls
        if self._heard > HEAD_MOST:
            raise httpcore.ReadError("an answer without an end")
        heard = await self._stream.read(min(max_bytes, PIECE), timeout)
        self._heard += len(heard)
        return heard

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the signature httpcore calls
        self._heard = 0
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature httpcore calls
    ) -> httpcore.AsyncNetworkStream:
        return _Bounded(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _PublicOnly(httpcore.AnyIOBackend):
    """Opens sockets to public addresses alone; resolves once, and connects to what it judged."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        # Threads of its own: a partner whose name servers hang holds up nobody else's names, and no file.
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature httpcore calls
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        # One private address among several is enough to refuse: it is not ours to choose a better one.
        for address in addresses:
            if not is_public(address) and not (self._loopback and address.is_loopback):
                raise PrivateAddress
        *others, last = addresses[:TRIED]
        for address in others:
            with suppress(httpcore.ConnectError):
                return _Bounded(await super().connect_tcp(str(address), port, timeout, local_address, socket_options))
        return _Bounded(await super().connect_tcp(str(last), port, timeout, local_address, socket_options))

    async def _resolve(self, host: str, port: int) -> list[IPAddress]:
        asked = (host, port, 0, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._resolvers, socket.getaddrinfo, *asked)
        return [ipaddress.ip_address(str(entry[4][0]).split("%", maxsplit=1)[0]) for entry in found]


@dataclass(slots=True)
class _Lane:
    """The connections to one URL, and how many posts are using them now."""

    pool: httpcore.AsyncConnectionPool
    users: int = 0


class Outbound:
    """Posts to the outside."""

    def __init__(self, *, loopback: bool = False) -> None:
        """`loopback` opens 127.0.0.1 for development; nothing else private is ever opened."""
        self._backend = _PublicOnly(loopback=loopback)
        self._lanes: dict[str, _Lane] = {}

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post, and read the beginning of the answer.

        Raises PrivateAddress, TimeoutError or OSError (the connection failed), each without sending anything twice.
        """
        try:
            request = _request(url, body, headers)
            async with asyncio.timeout(TOTAL_SECONDS), self._lane(url) as pool:
                answer = await pool.handle_async_request(request)
                try:
                    return Reply(answer.status, await _beginning(answer), _seconds(answer.headers))
                finally:
                    await answer.aclose()
        except httpcore.TimeoutException:
            raise TimeoutError from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.InvalidURL, UnicodeError) as error:
            raise ConnectionError(type(error).__name__) from None

    @asynccontextmanager
    async def _lane(self, url: str) -> AsyncIterator[httpcore.AsyncConnectionPool]:
        """The connections to a URL; those that nobody has used for longest are closed where there are too many."""
        lane = self._lanes.pop(url, None) or _Lane(self._open(url))
        self._lanes[url] = lane  # the newest stands last
        lane.users += 1
        try:
            yield lane.pool
        finally:
            lane.users -= 1
            await self._trim()

    async def _trim(self) -> None:
        if len(self._lanes) > LANES:
            idle = next((url for url, lane in self._lanes.items() if not lane.users), None)
            if idle is not None:
                await self._lanes.pop(idle).pool.aclose()

    def _open(self, url: str) -> httpcore.AsyncConnectionPool:
        # A pool for each URL: httpcore looks at every connection of a pool at every request, and a place that hangs
        # must not use up what others share.
        return httpcore.AsyncConnectionPool(
            ssl_context=_trusted() if url.startswith("https:") else None, max_connections=None,
            max_keepalive_connections=KEPT, keepalive_expiry=KEEP_SECONDS, network_backend=self._backend,
        )  # fmt: skip

    async def close(self) -> None:
        """Close every connection."""
        for lane in self._lanes.values():
            await lane.pool.aclose()
        self._lanes.clear()


def _request(url: str, body: bytes, headers: Mapping[str, str]) -> httpcore.Request:
    parsed = httpx.URL(url)
    target = httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)
    told = {"host": parsed.netloc.decode("ascii"), "content-length": str(len(body)), **headers}
    timeout = {"connect": CONNECT_SECONDS, "read": ANSWER_SECONDS, "write": ANSWER_SECONDS, "pool": ANSWER_SECONDS}
    raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in told.items()]
    return httpcore.Request("POST", target, headers=raw, content=body, extensions={"timeout": timeout})


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust; reading the certificates takes longer than a connection, so once for all."""
    return httpx.create_ssl_context(trust_env=False)


async def _beginning(answer: httpcore.Response) -> str:
    read = bytearray()
    async for chunk in answer.aiter_stream():
        read += chunk
        if len(read) >= MAX_ANSWER:
            break
    return bytes(read[:MAX_ANSWER]).decode("utf-8", errors="replace").replace("\x00", "")


def _seconds(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """`Retry-After` in seconds; dates are rare and read as none."""
    told = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    return int(told) if told.isdigit() and len(told) < 8 else None
