"""Which address a limit is counted for, and that nobody chooses it for himself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.addresses import LOCAL, client_of, networks

TRUSTED = networks("10.0.0.0/8, 192.0.2.7 2001:db8:ffff::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", [b"198.51.100.1"], "203.0.113.9"),  # a peer we do not trust may say what it likes
        ("10.0.0.1", [b"198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", [b"6.6.6.6, 198.51.100.1"], "198.51.100.1"),  # what the client wrote itself stands to the left
        ("10.0.0.1", [b"6.6.6.6, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", [b"6.6.6.6", b"198.51.100.1", b"192.0.2.7"], "198.51.100.1"),
        ("10.0.0.1", [b"10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("10.0.0.1", [b"198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", [b"[2001:db8::5]:4711"], "2001:db8::/64"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", [b"::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8:0:1:aaaa::1", [], "2001:db8:0:1::/64"),
        ("2001:db8:0:1:bbbb::2", [], "2001:db8:0:1::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        (None, [b"198.51.100.1"], LOCAL),
        ("testclient", [], LOCAL),
    ],
)
def test_the_client_is_the_last_hop_that_nobody_we_trust_wrote(peer, forwarded, client):
    assert client_of(peer, forwarded, TRUSTED) == client


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_a_client_behind_our_proxy_cannot_choose_its_name(written):
    """Whatever it sends, the proxy appends the true address to the right, and that one counts."""
    assert client_of("10.0.0.1", [*written, b"198.51.100.1"], TRUSTED) == "198.51.100.1"


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_without_trusted_proxies_the_header_is_not_read(written):
    assert client_of("10.0.0.1", written, ()) == "10.0.0.1"
