"""The choice of sockets, and the packets each receives."""

from __future__ import annotations

import pytest

from mediad.config.listen import ListenInfo, can_receive, own_address, v6_only


def test_ipv6_sockets_leave_ipv4_to_others_that_are_for_it() -> None:
    assert v6_only(["::", "0.0.0.0"])
    assert not v6_only(["::"])
    assert not v6_only(["::1", "2001:db8::5"])


@pytest.mark.parametrize(
    ("listen_ip", "address", "v6_alone", "receives"),
    [
        ("0.0.0.0", "203.0.113.7", False, True),
        ("0.0.0.0", "2001:db8::5", False, False),
        ("::", "203.0.113.7", False, True),
        ("::", "203.0.113.7", True, False),
        ("::", "2001:db8::5", True, True),
        ("2001:db8::5", "203.0.113.7", False, False),
        ("127.0.0.1", "203.0.113.7", False, False),
        ("127.0.0.1", "127.0.0.2", False, True),
        ("::1", "2001:db8::5", False, False),
    ],
)
def test_what_a_socket_receives(listen_ip: str, address: str, v6_alone: bool, receives: bool) -> None:
    assert can_receive(listen_ip, address, v6_alone=v6_alone) is receives


def test_an_address_told_as_it_is_has_no_zone() -> None:
    assert own_address("fe80::1%eth0") == ListenInfo("fe80::1%eth0", ("fe80::1",))
