"""Outgoing calls never reach a private place, however it is spelled."""

import ipaddress
import socket

import pytest

from app.core.outbound import Outbound, PrivateAddress, fault_of, is_public

PRIVATE = (
    "127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001",
    "0", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[fe80::1]",
    "[fc00::1]", "[fd12::1]", "[ff02::1]", "[2001:db8::1]", "[2001:0:7f00:1::]", "localhost", "metadata", "a.local",
    "x.internal", "foo.localhost",
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


def test_one_private_address_among_public_ones_is_enough():
    assert is_public(ipaddress.ip_address("8.8.8.8"))
    assert not is_public(ipaddress.ip_address("::ffff:192.168.0.1"))
