"""The addresses that browsers are told to send media to, and those that are refused before."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from mediad.config.announced import announced_address, cautions, look_up
from mediad.config.settings import Settings
from mediad.errors import ConfigError

V4, V6 = "198.51.100.4", "2001:db8::4"


def found(listen_ip: str, told: str | None, *addresses: str, present: str | None = None) -> str | None:
    def answer(name: str) -> Sequence[str]:
        assert name == told
        return addresses

    settings = Settings(listen_ip=listen_ip, announced_ip=told)
    return announced_address(settings, "--announced-ip", present=present, look_up=answer)


def refusal(listen_ip: str, told: str, *addresses: str) -> str:
    with pytest.raises(ConfigError) as caught:
        found(listen_ip, told, *addresses)
    return str(caught.value)


@pytest.mark.parametrize(
    ("listen_ip", "addresses", "chosen"),
    [
        ("0.0.0.0", (V6, V4), V4),
        ("127.0.0.1", ("::1", "127.0.0.1"), "127.0.0.1"),
        ("::1", ("127.0.0.1", "::1"), "::1"),
        ("2001:db8::9", (V4, V6), V6),
        ("::", (V6, V4), V4),  # an IPv6 socket on :: takes both, and every client has IPv4
        ("::", (V6,), V6),
        ("0.0.0.0", ("127.0.1.1", V4), V4),  # what Debian writes into /etc/hosts is not for others
    ],
)
def test_a_name_becomes_an_address_of_the_sockets_family(
    listen_ip: str, addresses: tuple[str, ...], chosen: str
) -> None:
    assert found(listen_ip, "sfu.example", *addresses) == chosen


def test_an_address_is_not_looked_up_and_nothing_stays_nothing() -> None:
    assert found("0.0.0.0", V4) == V4
    assert found("0.0.0.0", None) is None


def test_of_several_addresses_the_present_one_stays() -> None:
    assert found("0.0.0.0", "sfu.example", "8.8.4.4", V4, present=V4) == V4
    assert found("0.0.0.0", "sfu.example", "8.8.4.4", present=V4) == "8.8.4.4"


def test_the_systems_resolver_is_asked() -> None:
    """The issue's own case: `localhost` is ::1 first for browsers, and media is received on 127.0.0.1."""
    settings = Settings(announced_ip="localhost")
    assert announced_address(settings, "--announced-ip") == "127.0.0.1"
    assert "127.0.0.1" in look_up("localhost")


def test_a_name_without_an_address_is_refused() -> None:
    def nothing(name: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    settings = Settings(listen_ip="0.0.0.0", announced_ip="sfu.invalid")
    with pytest.raises(ConfigError) as caught:
        announced_address(settings, "file m.toml:3", look_up=nothing)
    assert str(caught.value) == (
        "announced_ip: got 'sfu.invalid' (file m.toml:3), which has no address here: Name or service not "
        "known; write the address itself, or put the name's DNS right"
    )


def test_an_address_of_the_other_family_is_refused() -> None:
    assert refusal("0.0.0.0", "sfu.example", V6) == (
        f"announced_ip: got 'sfu.example' (--announced-ip), whose addresses are {V6}; "
        "expected an IPv4 address, as listen_ip 0.0.0.0 is; or set listen_ip to ::"
    )
    assert "expected an IPv4 address" in refusal("0.0.0.0", V6)
    assert "expected an IPv6 address, as listen_ip ::1 is; or set listen_ip to 0.0.0.0" in refusal("::1", V4)


def test_an_announced_address_needs_a_socket_that_it_reaches() -> None:
    assert refusal("127.0.0.1", V4) == (
        f"announced_ip: got '{V4}' (--announced-ip), but listen_ip is 127.0.0.1, where only this machine's "
        f"own packets arrive: media sent to {V4} would be lost; set listen_ip to 0.0.0.0, or to the "
        "address of this machine's network card"
    )
    assert f"sent to sfu.example ({V4}) would be lost" in refusal("127.0.0.1", "sfu.example", V4)
    assert "set listen_ip to ::, or" in refusal("::1", V6)
    assert found("127.0.0.1", "127.0.0.2") == "127.0.0.2"


def test_what_nobody_can_mean_is_said() -> None:
    assert cautions(Settings()) == []
    assert cautions(Settings(host="0.0.0.0", listen_ip="0.0.0.0", announced_ip="8.8.4.4")) == []
    (alone,) = cautions(Settings(host="0.0.0.0"))
    assert alone == (
        "browsers are told to send media to 127.0.0.1, where only this machine reaches it, while the page is "
        "served at 0.0.0.0; set listen_ip to 0.0.0.0, and announced_ip to the address clients reach this "
        "machine at"
    )
    (named,) = cautions(
        Settings(host="::", listen_ip="::", announced_ip="here", announced_address="127.0.1.1")
    )
    assert named.startswith("browsers are told to send media to here (127.0.1.1), where only this machine")
    (example,) = cautions(Settings(listen_ip="0.0.0.0", announced_ip="203.0.113.7"))
    assert "203.0.113.7, which is an example from a manual" in example
