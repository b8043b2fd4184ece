"""The ports of a worker, and the sockets behind them."""

from __future__ import annotations

import socket

import pytest

from mediad.config.listen import ListenInfo
from mediad.errors import PortError
from mediad.worker.transports.ports import SharedPort, bind_everywhere
from tests.support.recording_loop import recorded_plane
from tests.support.worker_settings import worker_settings
from tests.support.worker_shell import free_port

BOTH = (ListenInfo("127.0.0.1", ("127.0.0.1",)), ListenInfo("::1", ("::1",)))


def test_one_port_on_each_listen_address() -> None:
    port = free_port()
    plane, loop = recorded_plane()
    ports = SharedPort(plane, worker_settings(rtc_first_port=port, listen_infos=BOTH))
    assert ports.bind() > 65_536
    ports.open()
    assert len(loop.named("open_socket")) == 2
    endpoint = ports.take()
    assert (endpoint, endpoint.port, len({*endpoint.sockets})) == (ports.take(), port, 2)
    assert [(one.address, one.port) for one in endpoint.candidates()] == [("127.0.0.1", port), ("::1", port)]
    ports.announce((ListenInfo("127.0.0.1", ("203.0.113.7",)), BOTH[1]))
    assert [one.address for one in ports.take().candidates()] == ["203.0.113.7", "::1"]
    assert ports.take().sockets == endpoint.sockets
    plane.stop()


def test_both_families_have_the_same_port() -> None:
    port = free_port()
    for listen_ips in (["0.0.0.0", "::"], ["127.0.0.1", "::1", "127.0.0.2"]):
        for sock in bind_everywhere(listen_ips, port, 65_536):
            assert sock.getsockname()[1] == port
            sock.close()


def test_a_port_that_is_taken_on_one_address_is_opened_on_none() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.bind(("::1", 0))
        port = other.getsockname()[1]
        with pytest.raises(PortError, match=f"UDP port {port} on ::1 is already in use"):
            bind_everywhere(["127.0.0.1", "::1"], port, 65_536)
        with socket.socket(type=socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", port))
