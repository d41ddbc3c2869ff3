"""Outgoing calls never reach a private place, however it is spelled."""

import asyncio
import socket
from contextlib import asynccontextmanager, suppress

import pytest

from app.core.outbound import MAX_ANSWER, Outbound, PrivateAddress, fault_of

PRIVATE = (
    "127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001",
    "0", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[fe80::1]",
    "[fc00::1]", "[fd12::1]", "[ff02::1]", "[2001:db8::1]", "[2001:0:7f00:1::]", "localhost", "metadata", "a.local",
    "x.internal", "foo.localhost", "168.63.129.16", "192.88.99.1", "[fec0::1]", "[::7f00:1]", "[fd00:ec2::254]",
    "100.100.100.200", "127.0.0.1.", "0177.0.0.1", "0xa9fea9fe", "2852039166",
    "localhost.", "foo.local.", "a.home.arpa.", "[2600::5efe:7f00:1]", "[2600::200:5efe:808:808]",
)  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_is_refused_as_it_is_written(host):
    assert fault_of(f"https://{host}/hook", loopback=False)


@pytest.mark.parametrize("host", PRIVATE)
async def test_a_private_address_is_refused_where_the_socket_opens(host):
    outbound = Outbound()
    # A name that resolves to nothing is refused as well, by the resolver.
    with pytest.raises((PrivateAddress, OSError)):
        await outbound.post(f"https://{host}/hook", b"{}", {})
    await outbound.close()


@pytest.mark.parametrize("url", [
    "http://partner.example/hook", "ftp://partner.example", "https://user@partner.example/", "https://:p@partner.example/",
    "https://partner.example:22/", "https://partner.example:80/", "https://partner.example:99999/", "https:///hook",
    "https://partner.example/#x", "partner.example", "", "https://[::1", "javascript:alert(1)",
    "https://exam\nple.com/", "https://partner.example/\x00a", "https://partner.example/a b", "https://partner\t.example/",
    "https://partner.example/\u2028", "\x01https://partner.example/",
])  # fmt: skip
def test_other_bad_addresses_are_refused(url):
    assert fault_of(url, loopback=False)


@pytest.mark.parametrize(
    "url", ["https://partner.example/hook", "https://partner.example:8443/a?b=c", "https://8.8.8.8/"]
)
def test_public_addresses_pass(url):
    assert fault_of(url, loopback=False) is None


def test_the_loopback_opens_for_development_alone():
    assert fault_of("http://127.0.0.1:9000/hook", loopback=True) is None
    assert fault_of("http://10.0.0.1:9000/hook", loopback=True)
    assert fault_of("http://127.0.0.1:9000/hook", loopback=False)


async def test_a_name_that_changes_its_mind_is_judged_where_it_is_used(monkeypatch):
    """Rebinding: public when registered, private when posted to. Nothing is sent."""
    opened = []
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def resolve(*_args, **_options):
        opened.append("resolved")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    outbound = Outbound()
    with pytest.raises(PrivateAddress):
        await outbound.post(f"https://partner.example:{port}/", b"{}", {})
    server.settimeout(0.05)
    with pytest.raises(TimeoutError):
        server.accept()
    assert opened == ["resolved"]
    server.close()
    await outbound.close()


@pytest.mark.parametrize(
    "told",
    [
        ["8.8.8.8", "127.0.0.1"], ["10.0.0.1"], ["::ffff:10.0.0.1"], ["64:ff9b::a00:1"], ["fe80::1%eth0"],
        ["169.254.169.254"], ["2002:a9fe:a9fe::1", "8.8.8.8"],
    ],
)  # fmt: skip
async def test_a_name_that_leads_to_one_private_address_is_refused_whatever_else_it_leads_to(monkeypatch, told):
    def resolve(*_args, **_options):
        return [(socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", (address, 443)) for address in told]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    outbound = Outbound()
    with pytest.raises(PrivateAddress):
        await outbound.post("https://partner.example/", b"{}", {})
    await outbound.close()


@asynccontextmanager
async def speaking(answer, *, forever=False):
    """A server that says the same to everybody; answers its address and how many connected."""
    connected = []

    async def serve(reader, writer):
        connected.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                writer.write(answer)
                while forever:
                    writer.write(b"x" * 10_000)
                    await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", connected
    finally:
        for writer in connected:
            writer.close()
        server.close()


async def test_an_answer_without_end_is_read_to_its_limit_and_no_further():
    outbound = Outbound(loopback=True)
    async with speaking(b"HTTP/1.1 200 OK\r\n\r\n", forever=True) as (url, _), asyncio.timeout(5):
        reply = await outbound.post(url, b"{}", {})
    assert reply.status == 200
    assert reply.excerpt == "x" * MAX_ANSWER
    await outbound.close()


async def test_connections_are_kept_by_url_and_those_unused_for_longest_are_closed(monkeypatch):
    monkeypatch.setattr("app.core.outbound.LANES", 2)
    outbound = Outbound(loopback=True)
    async with speaking(b"HTTP/1.1 204 No Content\r\n\r\n") as (url, connected):
        for path in ("/a", "/a", "/b", "/a"):
            assert (await outbound.post(url + path, b"{}", {})).status == 204
        assert len(connected) == 2
        for path in ("/c", "/a", "/b"):
            await outbound.post(url + path, b"{}", {})
        assert len(connected) == 4
        assert len(outbound._lanes) == 2
        await outbound.close()


async def test_the_address_is_sent_as_it_was_given_and_nothing_of_ours_is_added():
    came = []

    async def serve(reader, writer):
        came.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outbound = Outbound(loopback=True)
    reply = await outbound.post(f"http://127.0.0.1:{port}/hooks/ä?key=%2F&x=1", b"{}", {"webhook-id": "1"})
    assert (reply.status, reply.retry_after, len(came)) == (302, 7, 1)
    [head] = came
    assert head.split(b"\r\n")[:-2] == [
        b"POST /hooks/%C3%A4?key=%2F&x=1 HTTP/1.1", b"host: 127.0.0.1:%d" % port, b"content-length: 2",
        b"webhook-id: 1",
    ]  # fmt: skip
    await outbound.close()
    server.close()


@asynccontextmanager
async def never_ending(piece: bytes):
    """A server that says one thing again and again."""
    said = []

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            while len(said) < 10_000:
                writer.write(piece)
                await writer.drain()
                said.append(piece)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", said
    server.close()


@pytest.mark.parametrize(
    "piece",
    [
        b"HTTP/1.1 102 Processing\r\n\r\n" * 1000,
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000,
    ],
)
async def test_an_answer_that_never_begins_is_given_up_after_so_many_bytes(piece):
    outbound = Outbound(loopback=True)
    async with never_ending(piece) as (url, said):
        with pytest.raises(ConnectionError):
            await outbound.post(url, b"{}", {})
        assert len(said) < 1_000
    await outbound.close()


async def test_a_word_that_more_will_follow_is_no_answer():
    outbound = Outbound(loopback=True)
    answer = b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + b"HTTP/1.1 204 No Content\r\n\r\n"
    async with speaking(answer) as (url, _):
        for _ in range(2):
            assert (await outbound.post(url + "/a", b"{}", {})).status == 204
    await outbound.close()
