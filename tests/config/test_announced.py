"""The addresses that browsers are told to send media to, and those that are refused before."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.config.announced import announced, cautions, look_up
from mediad.config.listen import ListenInfo, can_receive, v6_only
from mediad.config.settings import Settings
from mediad.errors import ConfigError

V4, V6 = "198.51.100.4", "2001:db8::4"


def paired(listen_ip: str, told: str, *addresses: str, present: str = "") -> dict[str, tuple[str, ...]]:
    """The addresses announced for each listen address; lists are written with commas."""
    settings = Settings(listen_ip=tuple(listen_ip.split(",")), announced_ip=tuple(told.split(",")))
    infos = announced(settings, "--announced-ip", present=(present,), look_up=lambda name: addresses)
    assert tuple(info.ip for info in infos) == settings.listen_ip
    return {info.ip: info.announced for info in infos}


def found(listen_ip: str, told: str, *addresses: str, present: str = "") -> str:
    """The first address that is announced for a single listen address."""
    return paired(listen_ip, told, *addresses, present=present)[listen_ip][0]


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
    assert announced(Settings(), "default") == ()
    assert Settings().listen_infos == (ListenInfo("127.0.0.1", ("127.0.0.1",)),)


def test_of_several_addresses_the_present_one_stays() -> None:
    assert found("0.0.0.0", "sfu.example", "8.8.4.4", V4, present=V4) == V4
    assert found("0.0.0.0", "sfu.example", "8.8.4.4", present=V4) == "8.8.4.4"


def test_the_systems_resolver_is_asked() -> None:
    """The issue's own case: `localhost` is ::1 first for browsers, and media is received on 127.0.0.1."""
    settings = Settings(announced_ip=("localhost",))
    assert announced(settings, "--announced-ip") == (ListenInfo("127.0.0.1", ("127.0.0.1",)),)
    assert "127.0.0.1" in look_up("localhost")


def test_a_name_without_an_address_is_refused() -> None:
    def nothing(name: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    settings = Settings(listen_ip=("0.0.0.0",), announced_ip=("sfu.invalid",))
    with pytest.raises(ConfigError) as caught:
        announced(settings, "file m.toml:3", look_up=nothing)
    assert str(caught.value) == (
        "announced_ip: got 'sfu.invalid' (file m.toml:3), which has no address here: Name or service not "
        "known; write the address itself, or put the name's DNS right"
    )


def test_an_address_of_the_other_family_is_refused() -> None:
    assert refusal("0.0.0.0", "sfu.example", V6) == (
        f"announced_ip: got 'sfu.example' (--announced-ip), whose addresses are {V6}; "
        "expected an IPv4 address, as listen_ip 0.0.0.0 is; or add :: to listen_ip"
    )
    assert "expected an IPv4 address" in refusal("0.0.0.0", V6)
    assert "expected an IPv6 address, as listen_ip ::1 is; or add 0.0.0.0 to listen_ip" in refusal("::1", V4)


def test_an_announced_address_needs_a_socket_that_it_reaches() -> None:
    assert refusal("127.0.0.1", V4) == (
        f"announced_ip: got '{V4}' (--announced-ip), but listen_ip is 127.0.0.1, where only this machine's "
        f"own packets arrive: media sent to {V4} would be lost; set listen_ip to 0.0.0.0, or to the "
        "address of this machine's network card"
    )
    assert f"sent to sfu.example ({V4}) would be lost" in refusal("127.0.0.1", "sfu.example", V4)
    assert "set listen_ip to ::, or" in refusal("::1", V6)
    assert found("127.0.0.1", "127.0.0.2") == "127.0.0.2"


@pytest.mark.parametrize(
    ("listen_ip", "told", "leads"),
    [
        ("10.0.0.5", f"{V4},10.0.0.5", {"10.0.0.5": (V4, "10.0.0.5")}),  # outside and inside of a NAT
        ("0.0.0.0", f"{V4},10.0.0.5", {"0.0.0.0": (V4, "10.0.0.5")}),
        ("10.0.0.5,2001:db8::9", V4, {"10.0.0.5": (V4,), "2001:db8::9": ("2001:db8::9",)}),
        ("0.0.0.0,::", f"{V6},{V4}", {"0.0.0.0": (V4,), "::": (V6,)}),
        ("::", f"{V6},{V4}", {"::": (V6, V4)}),
        (
            "10.0.0.5,10.1.0.5",
            f"10.0.0.5={V4},10.1.0.5=198.51.100.5",
            {"10.0.0.5": (V4,), "10.1.0.5": ("198.51.100.5",)},
        ),
        ("10.0.0.5,10.1.0.5", "10.1.0.5", {"10.0.0.5": ("10.0.0.5",), "10.1.0.5": ("10.1.0.5",)}),
        ("127.0.0.1,10.0.0.5", V4, {"127.0.0.1": ("127.0.0.1",), "10.0.0.5": (V4,)}),
        ("fe80::1%eth0", "fe80::1%eth0=fe80::1", {"fe80::1%eth0": ("fe80::1",)}),
    ],
)
def test_each_address_is_announced_for_the_socket_it_leads_to(
    listen_ip: str, told: str, leads: dict[str, tuple[str, ...]]
) -> None:
    assert paired(listen_ip, told) == leads


def test_a_name_is_announced_for_each_family_that_is_listened_on() -> None:
    assert paired("0.0.0.0,::", "sfu.example", V6, V4) == {"0.0.0.0": (V4,), "::": (V6,)}
    assert paired("::", "sfu.example", V6, V4) == {"::": (V4, V6)}
    assert paired("::", "sfu.example", V6, "127.0.1.1") == {"::": (V6,)}
    assert paired("10.0.0.5", "10.0.0.5=sfu.example", V6, V4) == {"10.0.0.5": (V4,)}


def test_a_pair_that_is_not_clear_is_refused() -> None:
    unclear = refusal("10.0.0.5,10.1.0.5", V4)
    assert unclear.endswith(f"may lead to 10.0.0.5 or to 10.1.0.5; expected which one: 10.0.0.5={V4}")
    assert "but 10.0.0.6 is not in listen_ip, which is 10.0.0.5" in refusal("10.0.0.5", f"10.0.0.6={V4}")
    assert "expected an IPv4 address" in refusal("10.0.0.5,2001:db8::9", f"10.0.0.5={V6}")
    assert "leads nobody to listen_ip ::; expected an IPv6 address" in refusal("0.0.0.0,::", V4)


@given(
    st.lists(
        st.sampled_from(["10.0.0.5", "0.0.0.0", "::", "::1", "2001:db8::9", "127.0.0.1"]),
        unique=True,
        min_size=1,
    ),
    st.lists(st.sampled_from([V4, V6, "10.0.0.5", "10.0.0.6", "::1"]), unique=True),
)
def test_whatever_is_announced_can_arrive(listen_ip: list[str], told: list[str]) -> None:
    settings = Settings(listen_ip=tuple(listen_ip), announced_ip=tuple(told))
    try:
        infos = announced(settings, "here")
    except ConfigError:
        return
    assert [info.ip for info in infos] == listen_ip
    assert all(info.announced for info in infos)
    alone = v6_only(listen_ip)
    for info in infos:
        assert all(can_receive(info.ip, text, v6_alone=alone) for text in info.announced)
    assert {*told} <= {text for info in infos for text in info.announced}


def serving(listen_ip: str, *addresses: str) -> Settings:
    return Settings(
        host=listen_ip,
        listen_ip=(listen_ip,),
        announced_ip=addresses,
        announced=(ListenInfo(listen_ip, addresses),),
    )


def test_what_nobody_can_mean_is_said() -> None:
    assert cautions(Settings()) == []
    assert cautions(serving("0.0.0.0", "8.8.4.4")) == []
    assert cautions(serving("0.0.0.0", "8.8.4.4", "10.0.0.5")) == []  # inside and outside of a NAT
    assert "10.0.0.5, a private address" in cautions(serving("0.0.0.0", "10.0.0.5"))[0]
    (alone,) = cautions(Settings(host="0.0.0.0"))
    assert alone == (
        "browsers are told to send media to 127.0.0.1, where only this machine reaches it, while the page is "
        "served at 0.0.0.0; set listen_ip to 0.0.0.0, and announced_ip to the address clients reach this "
        "machine at"
    )
    (named,) = cautions(replace(serving("::", "127.0.1.1"), announced_ip=("here",)))
    assert named.startswith("browsers are told to send media to here (127.0.1.1), where only this machine")
    (example,) = cautions(serving("0.0.0.0", "203.0.113.7"))
    assert "203.0.113.7, which is an example from a manual" in example
