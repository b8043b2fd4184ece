"""The life of TCP connections: who proves nothing is silent, and paths and connections end together."""

from __future__ import annotations

import gc
import os

import psutil

from mediad._fastpath.door.events import StunReceived
from tests.support import engine as e
from tests.support.tcp_loop import SECOND_US, START_US, TcpLoop


def test_a_connection_that_never_speaks_ends_after_15_seconds(tcp: TcpLoop) -> None:
    client = tcp.connect()
    assert tcp.window.deadline() == START_US + 15 * SECOND_US
    tcp.at(14.9)
    tcp.window.tick()
    assert tcp.window.open == 1
    tcp.at(15)
    tcp.window.tick()
    assert tcp.window.open == 0
    assert tcp.window.deadline() == 0
    assert tcp.ends() == {"closed_silent": 1}
    assert client.ended()


def test_bytes_alone_keep_nothing_alive(tcp: TcpLoop) -> None:
    client = tcp.connect()
    for second in range(1, 15):
        tcp.at(second)
        client.send(e.stun_request(b"u%d" % e.SENDING))
        tcp.step()
    tcp.at(15)
    tcp.window.tick()
    assert tcp.ends() == {"closed_silent": 1}


def test_each_authentic_check_gives_15_seconds(tcp: TcpLoop) -> None:
    _, path = tcp.guest()
    for second in range(10, 60, 10):
        tcp.at(second)
        tcp.window.tick()
        tcp.check(path)
    assert tcp.window.open == 1
    tcp.at(65)
    tcp.window.tick()
    assert tcp.lost() == [path]
    assert tcp.ends() == {"closed_silent": 1}


def test_after_a_pause_of_the_process_checks_get_time_to_be_read(tcp: TcpLoop) -> None:
    _, path = tcp.guest()
    tcp.at(600)
    tcp.window.tick()
    assert tcp.window.open == 1
    assert tcp.window.deadline() == START_US + 607 * SECOND_US
    tcp.at(606)
    tcp.check(path)
    tcp.at(607)
    tcp.window.tick()
    assert tcp.window.open == 1
    tcp.at(621)
    tcp.window.tick()
    assert tcp.lost() == [path]


def test_the_transport_is_told_when_its_path_ends(tcp: TcpLoop) -> None:
    client, path = tcp.guest()
    client.close()
    assert tcp.lost() == [path]
    assert tcp.ends() == {"closed_by_peer": 1}


def test_a_check_that_is_judged_after_the_end_is_told_as_lost(tcp: TcpLoop) -> None:
    client = tcp.connect()
    path = tcp.path_of(client)
    client.close()
    assert tcp.lost() == []
    tcp.check(path)
    assert tcp.lost() == [path]


def test_a_connection_ends_with_its_path(tcp: TcpLoop) -> None:
    client, path = tcp.guest()
    tcp.window.remove_address(e.SENDING, path.socket, path.host, path.port)
    assert client.ended()
    assert tcp.ends() == {"closed_by_transport": 1}


def test_connections_end_with_their_transport(tcp: TcpLoop) -> None:
    (first, _), (second, _) = tcp.guest(), tcp.guest()
    stranger = tcp.connect()
    tcp.window.close_transport(e.SENDING)
    assert first.ended()
    assert second.ended()
    assert tcp.window.open == 1
    stranger.close()


def test_a_transport_does_not_end_the_path_of_another(tcp: TcpLoop) -> None:
    _, path = tcp.guest()
    tcp.check(path, e.RECEIVING)  # the newest check owns the path
    tcp.window.close_transport(e.SENDING)
    assert tcp.window.open == 1
    tcp.window.close_transport(e.RECEIVING)
    assert tcp.window.open == 0


def test_what_is_meant_for_a_connection_never_reaches_the_next_in_its_slot() -> None:
    tcp = TcpLoop(connections=2)
    sender, receiver = tcp.call()
    receiver.close()
    tcp.step()
    assert tcp.window.open == 1
    stranger = tcp.connect()
    tcp.path_of(stranger)  # its slot is the receiver's
    sender.send(e.rtp(1, 1, e.vp8_payload(1, keyframe=True)))
    tcp.step()
    assert tcp.window.counted()["drop_tcp_gone"] > 0
    stranger.sock.settimeout(0.05)
    assert not stranger.ended()
    tcp.close()


def test_a_thousand_connections_leave_nothing_behind() -> None:
    tcp = TcpLoop(connections=64, most_per_host=64)
    process = psutil.Process()
    client, _ = tcp.guest()

    def cycles(seconds: range) -> tuple[int, int]:
        """One connection a second; the descriptors open after them, and the resident bytes."""
        for second in seconds:
            tcp.at(second)
            client, path = tcp.guest()
            tcp.window.remove_address(e.SENDING, path.socket, path.host, path.port)
            assert client.ended()
            client.close()
            tcp.clients.clear()
            tcp.window.events()
        gc.collect()
        return len(os.listdir("/proc/self/fd")), process.memory_info().rss

    for second in range(1024):  # the ring of checks to Python is resident once all of it was used
        tcp.at(second)
        client.send(e.stun_request(b"u%d" % e.SENDING))
        tcp.told(StunReceived)
    client.close()
    descriptors, resident = cycles(range(1024, 1100))
    later_descriptors, later_resident = cycles(range(1100, 2100))
    assert later_descriptors == descriptors
    assert abs(later_resident - resident) < 0.02 * resident
    assert tcp.window.open == 0
    assert tcp.ends() == {"closed_by_peer": 1, "closed_by_transport": 1076}
    tcp.close()
