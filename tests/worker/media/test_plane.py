from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest

from mediad._fastpath.door.events import Closed, StatsAnswered
from mediad.clock import LoopClock
from mediad.errors import InvalidInput, MediadError, Unavailable
from mediad.protocols.ice import IceParameters
from mediad.protocols.srtp_keys import DTLS_PROFILES
from mediad.sockets import bind_udp, listen_tcp
from mediad.worker.media.backlog import RETRY_US
from mediad.worker.media.handles import INDEX_BITS
from mediad.worker.media.plane import Kind, MediaPlane
from tests.support.fake_clock import FakeClock
from tests.support.loops import on_loop, until
from tests.support.plane_objects import PATH, keys, open_consumer, open_producer, open_transport
from tests.support.recording_loop import recorded_plane
from tests.support.worker_objects import OPTIONS

RETRY_S = RETRY_US / 1e6

# -- objects -----------------------------------------------------------------------------------------------


def test_objects_are_opened_and_closed_under_their_handle() -> None:
    plane, loop = recorded_plane()
    transport = open_transport(plane)
    producer = open_producer(plane, transport)
    consumer = open_consumer(plane, transport, producer)
    assert plane.counts() == {"transports": 1, "producers": 1, "consumers": 1}
    plane.close_consumer(consumer)
    plane.close_producer(producer)
    plane.close_transport(transport)
    assert plane.counts() == {"transports": 0, "producers": 0, "consumers": 0}
    assert [(name, args) for name, args, _ in loop.calls] == [
        ("open_transport", (transport,)),
        ("open_producer", (producer, transport)),
        ("open_consumer", (consumer, transport, producer)),
        ("close_consumer", (consumer,)),
        ("close_producer", (producer,)),
        ("close_transport", (transport,)),
    ]
    assert loop.calls[0].parameters == {
        "username_fragment": b"ours",
        "ice_password": b"password",
        "rtcp_ssrc": 5,
        "secure": True,
        "data": False,
        "max_incoming_bitrate_bps": OPTIONS.max_incoming_bitrate_bps,
        "initial_outgoing_bitrate_bps": OPTIONS.initial_outgoing_bitrate_bps,
    }


def test_closing_twice_is_told_once() -> None:
    plane, loop = recorded_plane()
    transport = open_transport(plane)
    plane.close_transport(transport)
    plane.close_transport(transport)
    assert len(loop.named("close_transport")) == 1


def test_paths_and_usernames() -> None:
    plane, loop = recorded_plane()
    transport = open_transport(plane)
    plane.add_username(transport, IceParameters("more", "secret"))
    plane.remove_username(transport, "ours")
    for method in (plane.add_address, plane.select_address, plane.remove_address):
        method(transport, PATH)
    plane.send(PATH, b"hello")
    assert [(name, args) for name, args, _ in loop.calls[1:]] == [
        ("add_username", (transport, b"more", b"secret")),
        ("remove_username", (transport, b"ours")),
        ("add_address", (transport, 3, "198.51.100.7", 5004, "")),
        ("select_address", (transport, 3, "198.51.100.7", 5004, "")),
        ("remove_address", (transport, 3, "198.51.100.7", 5004, "")),
        ("send_raw", (3, b"hello", "198.51.100.7", 5004, "")),
    ]


def test_an_emulated_network() -> None:
    plane, loop = recorded_plane()
    transport = open_transport(plane)
    plane.throttle_transport(transport, (500_000, 50_000, 0), (0, 50_000, 1000))
    plane.unthrottle_transport(transport)
    assert loop.calls[1:] == [
        (
            "throttle_transport",
            (transport,),
            {"uplink": (500_000, 50_000, 0), "downlink": (0, 50_000, 1000)},
        ),
        ("unthrottle_transport", (transport,), {}),
    ]


def test_what_the_media_path_cannot_hold_is_refused_and_leaves_nothing() -> None:
    plane, _ = recorded_plane()
    transport = open_transport(plane)
    refused: list[dict[str, Any]] = [
        {"mid": b"m" * 17},
        {"encodings": [(2**32, 0, b"")]},
        {"encodings": []},
    ]
    for changes in refused:
        with pytest.raises(InvalidInput):
            open_producer(plane, transport, **changes)
    assert plane.counts()["producers"] == 0
    assert open_producer(plane, transport) & ((1 << INDEX_BITS) - 1) == 0


def test_a_full_worker_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediad.worker.media.plane.TRANSPORTS", 1)
    plane, loop = recorded_plane()
    assert loop.capacities["transports"] == 1
    open_transport(plane)
    with pytest.raises(Unavailable, match="1 transports"):
        open_transport(plane)


# -- what is lent ------------------------------------------------------------------------------------------


def test_sessions_stay_lent_until_the_media_thread_is_done() -> None:
    plane, loop = recorded_plane()
    profile = DTLS_PROFILES[0]
    transport = open_transport(plane)
    consumer = open_consumer(plane, transport, open_producer(plane, transport))
    for fill in (1, 2):  # a restarted handshake gives keys a second time
        plane.set_keys(transport, profile, keys(profile, fill), keys(profile, fill + 2))
        plane.set_consumer_keys(consumer, profile, keys(profile, fill), rtx=True)
    assert (plane._transports.lent(transport), plane._consumers.lent(consumer)) == (6, 4)
    for name, arguments in (
        ("set_keys", ("receive_session", "rtcp_session")),
        ("set_consumer_sessions", ("rtp_session", "rtx_session")),
    ):
        pointers = [one.parameters[argument] for one in loop.named(name) for argument in arguments]
        assert len(set(pointers)) == 4
        assert 0 not in pointers
    probation = [one.args for one in loop.named("set_probe_session")]
    assert len(set(probation)) == 2
    assert all(handle == transport and pointer for handle, pointer in probation)
    plane.close_consumer(consumer)
    assert plane._consumers.lent(consumer) == 4
    plane._news.tell([Closed(Kind.KIND_CONSUMER, consumer)])
    assert (plane._transports.lent(transport), plane._consumers.lent(consumer)) == (6, 0)


def test_no_session_for_rtx_that_is_not_sent() -> None:
    plane, loop = recorded_plane()
    profile = DTLS_PROFILES[0]
    transport = open_transport(plane)
    consumer = open_consumer(plane, transport, open_producer(plane, transport))
    plane.set_consumer_keys(consumer, profile, keys(profile), rtx=False)
    assert loop.named("set_consumer_sessions")[0].parameters["rtx_session"] == 0


def test_an_index_is_used_again_only_after_it_was_closed_below() -> None:
    plane, _ = recorded_plane()
    first = open_transport(plane)
    plane.close_transport(first)
    second = open_transport(plane)
    assert second != first
    assert second & ((1 << INDEX_BITS) - 1) == 1
    plane._news.tell([Closed(Kind.KIND_TRANSPORT, first)])
    third = open_transport(plane)
    assert third & ((1 << INDEX_BITS) - 1) == 0
    assert third != first


# -- a ring that is full -----------------------------------------------------------------------------------


def test_commands_and_datagrams_keep_their_order_through_a_full_ring() -> None:
    clock = FakeClock()
    plane, loop = recorded_plane(clock)
    transport = open_transport(plane)
    loop.full = True
    plane.add_address(transport, PATH)
    plane.send(PATH, b"answer")
    loop.full = False
    plane.select_address(transport, PATH)
    assert loop.names == ["open_transport"]
    clock.pass_s(RETRY_S)
    assert loop.names[1:] == ["add_address", "send_raw", "select_address"]
    plane.remove_address(transport, PATH)
    assert loop.names[-1] == "remove_address"


def test_a_ring_that_stays_full_is_tried_again() -> None:
    clock = FakeClock()
    plane, loop = recorded_plane(clock)
    transport = open_transport(plane)
    loop.full = True
    plane.close_transport(transport)
    clock.pass_s(10 * RETRY_S)
    assert loop.names == ["open_transport"]
    loop.full = False
    clock.pass_s(RETRY_S)
    assert loop.names == ["open_transport", "close_transport"]


def test_a_wrong_command_does_not_block_those_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    plane, loop = recorded_plane(clock)
    transport = open_transport(plane)
    loop.full = True
    open_producer(plane, transport, mid=b"m" * 17)
    plane.close_transport(transport)
    loop.full = False
    with caplog.at_level(logging.ERROR):
        clock.pass_s(RETRY_S)
    assert loop.named("close_transport")
    assert "mid is 17 bytes long" in caplog.text


# -- life --------------------------------------------------------------------------------------------------


def free_socket() -> socket.socket:
    return bind_udp("127.0.0.1", 0, 65536)


@on_loop
async def test_stopping_ends_the_thread_and_closes_the_sockets() -> None:
    plane, loop = recorded_plane()
    assert not plane.alive
    plane.start()
    sockets = [free_socket(), free_socket(), listen_tcp("127.0.0.1", 0)]
    assert [plane.add_socket(sock) for sock in sockets[:2]] == [0, 1]
    assert plane.add_listener(sockets[2]) == 2
    assert [one.args[0] for one in loop.named("open_socket")] == [0, 1]
    assert [one.args[0] for one in loop.named("open_listener")] == [2]
    assert plane.alive
    assert (plane.udp_gso, plane.udp_gro) == (True, False)
    assert plane.counters() == loop.counters()
    plane.stop()
    assert not plane.alive
    assert [sock.fileno() for sock in sockets] == [-1, -1, -1]


@on_loop
async def test_stopping_what_was_never_started() -> None:
    plane, _ = recorded_plane()
    sock = free_socket()
    plane.add_socket(sock)
    plane.stop()
    assert sock.fileno() == -1


@on_loop
async def test_stopping_through_a_full_ring() -> None:
    plane, loop = recorded_plane()
    transport = open_transport(plane)
    plane.start()
    loop.full = True
    plane.close_transport(transport)
    plane.stop()
    assert not plane.alive
    assert loop.names[-1] == "close_transport"


@on_loop
async def test_a_stuck_thread_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediad.worker.media.plane._JOIN_ATTEMPTS", 10)
    plane, loop = recorded_plane()
    plane.start()
    loop.stuck = True
    with pytest.raises(MediadError, match="does not stop"):
        plane.stop()
    loop.stuck = False
    loop.stop()


@on_loop
async def test_the_real_thread_opens_answers_and_ends() -> None:
    plane = MediaPlane(LoopClock())
    plane.start()
    plane.add_socket(free_socket())
    transport = open_transport(plane)
    (record,) = await plane.stats(Kind.KIND_TRANSPORT, transport)
    assert record["bytes_received"] == 0
    plane.close_transport(transport)
    assert await plane.stats(Kind.KIND_TRANSPORT, transport) == []
    await until(lambda: open_transport(plane) & ((1 << INDEX_BITS) - 1) == 0)
    plane.stop()
    assert not plane.alive


@on_loop
async def test_a_turn_is_over_when_the_thread_has_been_around() -> None:
    plane, loop = recorded_plane()
    plane.start()
    turn = asyncio.create_task(plane.turn())
    await until(lambda: "request_stats" in loop.names)
    assert not turn.done()
    loop.tell(StatsAnswered(loop.named("request_stats")[0].args[0], []))
    await turn
    plane.stop()
    real = MediaPlane(LoopClock())
    real.start()
    await real.turn()
    real.stop()
