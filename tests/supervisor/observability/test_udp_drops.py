"""The kernel's table of UDP sockets."""

from __future__ import annotations

import socket

from mediad.supervisor.observability.udp_drops import DropCount, drops_by_port, parse

TABLE = """\
  sl local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode ref pointer drops
  401: 0100007F:2710 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5461 2 00000000 17
  402: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5462 2 00000000 0
  something else
"""


def test_ports_and_drops() -> None:
    assert parse(TABLE) == [(10000, 17), (68, 0)]
    assert parse("") == []


def test_drops_of_sockets_that_come_and_go_are_summed() -> None:
    count = DropCount()
    ports = range(10, 13)
    assert count.look(ports, {10: 5, 99: 7}) == 5
    assert count.look(ports, {10: 6, 11: 2}) == 8
    assert count.look(ports, {11: 2}) == 8  # the first is closed
    assert count.look(ports, {10: 1, 11: 2}) == 9  # and opened again
    assert count.look(ports, {10: 0, 11: 1}) == 10  # another socket each


def test_a_full_socket_shows() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock, socket.socket(type=socket.SOCK_DGRAM) as sender:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind(("127.0.0.1", 0))
        address = sock.getsockname()
        for _ in range(100):
            sender.sendto(bytes(1000), address)
        assert drops_by_port()[address[1]] > 0
