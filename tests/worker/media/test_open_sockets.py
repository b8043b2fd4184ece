"""The numbers of sockets: used again, and given back with their descriptors."""

from __future__ import annotations

import socket

import pytest

from mediad.errors import Full
from mediad.worker.media.open_sockets import OpenSockets


def a_socket() -> socket.socket:
    return socket.socket(type=socket.SOCK_DGRAM)


def test_a_number_is_free_again_when_the_media_thread_has_let_go() -> None:
    told: list[str] = []
    sockets = OpenSockets(2)
    first, second = a_socket(), a_socket()
    assert [sockets.enter(sock, told.append) for sock in (first, second)] == [0, 1]
    third = a_socket()
    with pytest.raises(Full, match="2 sockets"):
        sockets.enter(third, told.append)
    sockets.leave(0, lambda: told.append("closed"))
    assert first.fileno() >= 0
    sockets.closed(0)
    assert (first.fileno(), told) == (-1, ["closed"])
    assert sockets.enter(third, told.append) == 0
    assert len(sockets) == 2
    sockets.close()
    assert (second.fileno(), third.fileno(), len(sockets)) == (-1, -1, 0)


def test_who_lent_a_socket_hears_that_it_is_refused() -> None:
    told: list[str] = []
    sockets = OpenSockets(2)
    number = sockets.enter(a_socket(), told.append)
    sockets.refused(number, "no memory")
    sockets.closed(number)
    sockets.refused(number, "again")
    sockets.closed(number)
    assert told == ["no memory"]
