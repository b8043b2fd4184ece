"""One end of a pipe, and two of them between two routers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.transport_requests import CreatePipeTransport, SrtpParameters
from mediad.protocols.ice_paths import Path
from mediad.worker.media.plane import Kind
from mediad.worker.transports.pipe import PipeTransport
from tests.support.loops import on_loop
from tests.support.pipe_wire import wire
from tests.support.worker_objects import OPTIONS, Bench, OnePort, answered, bench

KEY = base64.b64encode(bytes(range(44))).decode()
THEIRS = SrtpParameters("AEAD_AES_256_GCM", KEY)
THERE = Path(2, "127.0.0.1", 11002)


def pipe(made: Bench, **form: Any) -> PipeTransport:
    return made.router.create_pipe_transport(OPTIONS, CreatePipeTransport("r", "t", **form))


def test_it_is_on_the_loopback_address_and_learns_nothing() -> None:
    made = bench()
    transport = pipe(made)
    (opened,) = made.loop.named("open_transport")
    shown = {name: opened.parameters[name] for name in ("username_fragment", "secure", "data")}
    assert shown == {"username_fragment": b"", "secure": False, "data": False}
    (owned,) = made.loop.named("own_socket")
    assert owned.parameters == {"rtcp": False, "learn": False}
    assert wire(transport.parameters()) == {"ip": "127.0.0.1", "port": 10002}
    transport.connect("127.0.0.1", 11002, None)
    assert made.loop.named("set_remote")[0].args[1:] == (2, "127.0.0.1", 11002, "")
    with pytest.raises(InvalidState, match=r"connect\(\) already called"):
        transport.connect("127.0.0.1", 11002, None)


def test_both_ends_encrypt_with_256_bits() -> None:
    made = bench()
    transport = pipe(made, enable_srtp=True)
    ours = wire(transport.parameters())["srtpParameters"]
    assert (ours["cryptoSuite"], len(base64.b64decode(ours["keyBase64"]))) == ("AEAD_AES_256_GCM", 44)
    transport.connect("127.0.0.1", 11002, THEIRS)
    assert made.loop.names[-3:] == ["set_keys", "set_probe_session", "set_remote"]


@pytest.mark.parametrize(
    ("srtp", "ip", "theirs", "text"),
    [
        (False, "127.0.0.1", THEIRS, "both ends of a pipe encrypt, or none does"),
        (True, "127.0.0.1", None, "both ends of a pipe encrypt, or none does"),
        (True, "127.0.0.1", SrtpParameters("AEAD_AES_128_GCM", KEY), "pipes have AEAD_AES_256_GCM"),
        (True, "127.0.0.1", SrtpParameters("AEAD_AES_256_GCM", "QUJD"), "is of 3 bytes"),
        (True, "203.0.113.7", THEIRS, "cannot be reached from this transport's address 127.0.0.1"),
        (False, "localhost", None, "expected an IPv4 or IPv6 address"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    srtp: bool, ip: str, theirs: SrtpParameters | None, text: str
) -> None:
    made = bench()
    transport = pipe(made, enable_srtp=srtp)
    before = list(made.loop.calls)
    with pytest.raises(InvalidInput, match=text):
        transport.connect(ip, 11002, theirs)
    assert made.loop.calls == before
    transport.connect("127.0.0.1", 11002, THEIRS if srtp else None)


@on_loop
async def test_statistics() -> None:
    made = bench()
    transport = pipe(made, enable_sctp=True)
    transport.connect("127.0.0.1", 11002, None)
    (entry,) = await answered(made, transport.stats(), [], (Kind.KIND_TRANSPORT, transport.open()))
    assert entry == {
        "type": "pipe-transport",
        "transportId": "t",
        "tuple": {
            "localIp": "127.0.0.1",
            "localAddress": "127.0.0.1",
            "localPort": 10002,
            "remoteIp": "127.0.0.1",
            "remotePort": 11002,
            "protocol": "udp",
        },
        "sctpState": "new",
    }


def test_what_the_media_thread_could_not_do_fails_it() -> None:
    made = bench()
    pipe(made).refused("no memory")
    assert made.told("transport.failed") == [{"transportId": "t", "reason": "no memory"}]


def test_without_data_channels_sctp_is_nothing() -> None:
    made = bench()
    transport = pipe(made)
    transport.sctp_received(THERE, b"x" * 20)
    assert transport.data is None


def test_data_channels_do_not_go_in_the_clear_where_media_does_not() -> None:
    made = bench()
    with pytest.raises(InvalidInput, match="they would go in the clear"):
        pipe(made, enable_srtp=True, enable_sctp=True)
    ports = made.router._ports
    assert isinstance(ports, OnePort)
    assert (ports.given_back, made.router.transports) == ([10002], {})


@pytest.mark.parametrize(("port", "streams"), [(11002, [0, 2]), (9002, [1, 3])])
def test_the_ends_open_channels_on_different_streams(port: int, streams: list[int]) -> None:
    made = bench()
    transport = pipe(made, enable_sctp=True)
    transport.connect("127.0.0.1", port, None)
    source = made.router.data.produce_directly("p", "", "")
    consumers = [made.router.data.consume(transport.data, name, source) for name in "ab"]
    assert [consumer.parameters.stream_id for consumer in consumers] == streams
    made.router.close()
