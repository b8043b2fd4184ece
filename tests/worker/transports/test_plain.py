"""Commands of a plain transport to the media path, and requests that it refuses."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mediad.config.listen import ListenInfo
from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.transport_requests import (
    ConnectPlainTransport,
    CreatePlainTransport,
    CryptoSuite,
    SrtpParameters,
)
from mediad.protocols.ice_paths import Path
from mediad.worker.media.plane import Kind
from mediad.worker.transports.candidates import Endpoint
from mediad.worker.transports.plain import PlainTransport
from tests.support.loops import on_loop
from tests.support.pipe_wire import wire
from tests.support.worker_objects import OPTIONS, Bench, answered, bench

OURS = {"localAddress": "203.0.113.7", "localPort": 10002}
SUITE: CryptoSuite = "AES_CM_128_HMAC_SHA1_80"
KEY = base64.b64encode(bytes(range(30))).decode()


def plain(made: Bench, **form: Any) -> PlainTransport:
    return made.router.create_plain_transport(OPTIONS, CreatePlainTransport("r", "t", **form))


def connect(transport: PlainTransport, **given: Any) -> dict[str, Any]:
    return wire(transport.connect(ConnectPlainTransport("t", **given)))


def commands(made: Bench) -> list[tuple[Any, ...]]:
    """The commands about sockets and addresses, without the transport's handle."""
    kinds = ("own_socket", "set_remote")
    return [(c.name, *c.args[1:], *c.parameters.values()) for c in made.loop.calls if c.name in kinds]


def test_it_owns_a_socket_and_waits_to_be_connected() -> None:
    made = bench()
    transport = plain(made)
    (opened,) = made.loop.named("open_transport")
    assert (opened.parameters["username_fragment"], opened.parameters["secure"]) == (b"", False)
    assert commands(made) == [("own_socket", 2, False, False)]
    assert wire(transport.parameters()) == {"tuple": OURS}
    answer = connect(transport, ip="198.51.100.7", port=5004)
    assert answer == {"tuple": {**OURS, "remoteIp": "198.51.100.7", "remotePort": 5004}}
    assert commands(made)[1:] == [("set_remote", 2, "198.51.100.7", 5004, "", False)]


def test_rtcp_on_a_port_of_its_own() -> None:
    made = bench()
    transport = plain(made, rtcp_mux=False)
    assert commands(made) == [("own_socket", 2, False, False), ("own_socket", 3, True, False)]
    assert wire(transport.parameters())["rtcpTuple"] == {**OURS, "localPort": 10003}
    answer = connect(transport, ip="198.51.100.7", port=5004, rtcp_port=5005)
    assert answer["rtcpTuple"] == {**OURS, "localPort": 10003, "remoteIp": "198.51.100.7", "remotePort": 5005}
    assert commands(made)[-1] == ("set_remote", 3, "198.51.100.7", 5005, "", True)


def test_for_a_receiver_on_this_host() -> None:
    assert plain(bench(), local_only=True).media_tuple.local_address == "127.0.0.1"


def test_an_address_that_is_learned_is_told() -> None:
    made = bench()
    transport = plain(made, rtcp_mux=False, comedia=True)
    assert commands(made) == [("own_socket", 2, False, True), ("own_socket", 3, True, True)]
    transport.address_learned(Path(3, "198.51.100.7", 5005), True)
    transport.address_learned(Path(2, "198.51.100.7", 5004), False)
    rtcp = {**OURS, "localPort": 10003, "remoteIp": "198.51.100.7", "remotePort": 5005}
    assert made.told("transport.tuple") == [
        {"transportId": "t", "tuple": OURS, "rtcpTuple": rtcp},
        {
            "transportId": "t",
            "tuple": {**OURS, "remoteIp": "198.51.100.7", "remotePort": 5004},
            "rtcpTuple": rtcp,
        },
    ]


def test_with_comedia_addresses_are_ignored() -> None:
    made = bench()
    transport = plain(made, comedia=True)
    assert connect(transport, ip="no address", port=1, rtcp_port=2) == {"tuple": OURS}
    assert len(commands(made)) == 1
    with pytest.raises(InvalidState, match=r"connect\(\) already called"):
        connect(transport)


REFUSED = [
    ({}, {"port": 5004}, "missing ip"),
    ({}, {"ip": "198.51.100.7"}, "missing port"),
    ({}, {"ip": "198.51.100.7", "port": 5004, "rtcp_port": 5005}, "cannot set rtcpPort with rtcpMux enabled"),
    (
        {"rtcp_mux": False},
        {"ip": "198.51.100.7", "port": 5004},
        "missing rtcpPort (required when rtcpMux is not enabled)",
    ),
    (
        {},
        {"ip": "sfu.example", "port": 5004},
        "ip is 'sfu.example', expected an IPv4 or IPv6",
    ),
    ({}, {"ip": "198.51.100.7:9", "port": 5004}, "ip is '198.51.100.7:9', expected an IPv4 or"),
    ({}, {"ip": "fe80::1%eth0", "port": 5004}, "ip has a zone"),
    ({}, {"ip": "0.0.0.0", "port": 5004}, "ip is 0.0.0.0, expected the address of one host"),
    ({}, {"ip": "::ffff:224.0.0.1", "port": 5004}, "ip is 224.0.0.1, expected the address of one host"),
    (
        {},
        {"ip": "2001:db8::1", "port": 5004},
        "ip is 2001:db8::1, which cannot be reached from this transport's address 203.0.113.7",
    ),
    (
        {"local_only": True},
        {"ip": "198.51.100.7", "port": 5004},
        "ip is 198.51.100.7, which cannot be reached from this transport's address 127.0.0.1",
    ),
    (
        {},
        {"ip": "198.51.100.7", "port": 5004, "srtp_parameters": SrtpParameters(SUITE, KEY)},
        "invalid srtpParameters (SRTP not enabled)",
    ),
    (
        {"srtp_crypto_suite": SUITE},
        {"ip": "198.51.100.7", "port": 5004},
        "missing srtpParameters (SRTP enabled)",
    ),
    (
        {"srtp_crypto_suite": SUITE},
        {"ip": "198.51.100.7", "port": 5004, "srtp_parameters": SrtpParameters("AEAD_AES_256_GCM", KEY)},
        "srtpParameters.keyBase64 is of 30 bytes; AEAD_AES_256_GCM has 44 bytes",
    ),
    (
        {"srtp_crypto_suite": SUITE},
        {"ip": "nowhere", "port": 5004, "srtp_parameters": SrtpParameters(SUITE, KEY)},
        "ip is 'nowhere'",
    ),
]


@pytest.mark.parametrize(("form", "given", "text"), REFUSED)
def test_what_does_not_fit_changes_nothing(form: dict[str, Any], given: dict[str, Any], text: str) -> None:
    made = bench()
    transport = plain(made, **form)
    before, key = list(made.loop.calls), transport.srtp_parameters
    with pytest.raises(InvalidInput) as raised:
        connect(transport, **given)
    assert str(raised.value).startswith(text)
    assert KEY not in str(raised.value)
    assert (made.loop.calls, transport.srtp_parameters) == (before, key)
    right = {"ip": "127.0.0.1" if "local_only" in form else "198.51.100.7", "port": 5004}
    if "rtcp_mux" in form:
        right |= {"rtcp_port": 5005}
    srtp = SrtpParameters(SUITE, KEY) if "srtp_crypto_suite" in form else None
    assert connect(transport, **right, srtp_parameters=srtp)["tuple"]["remotePort"] == 5004


def test_an_address_of_the_other_family_on_a_socket_for_both() -> None:
    infos = (ListenInfo("::", ("203.0.113.7", "2001:db8::7")),)
    made = bench(Endpoint(10000, infos, (0,)))
    answer = connect(plain(made), ip="::ffff:198.51.100.9", port=5004)
    assert answer["tuple"] == {**OURS, "remoteIp": "198.51.100.9", "remotePort": 5004}
    assert commands(made)[-1][2] == "198.51.100.9"
    made = bench(Endpoint(10000, infos, (0,)))
    assert connect(plain(made), ip="2001:db8::9", port=5004)["tuple"]["localAddress"] == "2001:db8::7"


# -- keys ------------------------------------------------------------------------------------------------


def test_keys_are_in_place_before_anything_is_sent() -> None:
    made = bench()
    transport = plain(made, srtp_crypto_suite=SUITE)
    assert made.loop.named("open_transport")[0].parameters["secure"] is True
    producer = made.producer(made.transport("s"))
    made.consumer(transport, producer, "early")
    assert made.loop.named("set_consumer_sessions") == []
    ours = transport.srtp_parameters
    answer = connect(transport, ip="198.51.100.7", port=5004, srtp_parameters=SrtpParameters(SUITE, KEY))
    assert ours is not None
    assert answer["srtpParameters"] == wire(ours)
    made.consumer(transport, producer, "late", ssrc=5)
    names = [name for name in made.loop.names if name in ("set_keys", "set_consumer_sessions", "set_remote")]
    assert names == ["set_keys", "set_consumer_sessions", "set_remote", "set_consumer_sessions"]


def test_the_suite_of_the_client_wins() -> None:
    made = bench()
    transport = plain(made, comedia=True, srtp_crypto_suite="AEAD_AES_128_GCM")
    before = wire(transport.parameters())["srtpParameters"]
    assert before["cryptoSuite"] == "AEAD_AES_128_GCM"
    ours = connect(transport, srtp_parameters=SrtpParameters(SUITE, KEY))["srtpParameters"]
    assert ours["cryptoSuite"] == SUITE
    assert len(base64.b64decode(ours["keyBase64"])) == 30
    assert ours == wire(transport.parameters())["srtpParameters"]


# -- the rest --------------------------------------------------------------------------------------------


@on_loop
async def test_statistics() -> None:
    made = bench()
    transport = plain(made, rtcp_mux=False, comedia=True)
    transport.address_learned(Path(2, "198.51.100.7", 5004), False)
    (entry,) = await answered(made, transport.stats(), [], (Kind.KIND_TRANSPORT, transport.open()))
    local = {"localIp": "203.0.113.7", "localAddress": "203.0.113.7"}
    assert entry == {
        "type": "plain-rtp-transport",
        "transportId": "t",
        "rtcpMux": False,
        "comedia": True,
        "tuple": {
            **local,
            "localPort": 10002,
            "remoteIp": "198.51.100.7",
            "remotePort": 5004,
            "protocol": "udp",
        },
        "rtcpTuple": {**local, "localPort": 10003, "protocol": "udp"},
    }


def test_what_the_media_thread_could_not_do_fails_it() -> None:
    made = bench()
    plain(made).refused("no memory")
    assert made.told("transport.failed") == [{"transportId": "t", "reason": "no memory"}]


def test_an_id_that_is_taken_takes_no_port() -> None:
    made = bench()
    plain(made)
    with pytest.raises(InvalidState, match='"t" already exists'):
        plain(made)
    assert len(made.loop.named("open_transport")) == 1
