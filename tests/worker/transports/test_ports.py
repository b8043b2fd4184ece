"""The ports of a worker, and the sockets behind them."""

from __future__ import annotations

import errno
import socket
from unittest.mock import Mock

import pytest

from mediad._fastpath.door.events import Closed, CommandRefused
from mediad._fastpath.door.media_loop import Kind
from mediad.config.listen import ListenInfo
from mediad.config.settings import WorkerSettings
from mediad.errors import Full, PortError
from mediad.worker.transports import ports as ports_module
from mediad.worker.transports.ports import PortPerTransport, SharedPort, ports_of
from tests.support.loops import on_loop, until
from tests.support.recording_loop import recorded_plane
from tests.support.worker_settings import worker_settings
from tests.support.worker_shell import free_port

BOTH = (ListenInfo("127.0.0.1", ("127.0.0.1",)), ListenInfo("::1", ("::1",)))


def unexpected(what: str) -> None:
    raise AssertionError(what)


def shared(*listen_ips: str) -> WorkerSettings:
    infos = tuple(ListenInfo(ip, (ip,)) for ip in listen_ips)
    return worker_settings(rtc_first_port=free_port(), listen_infos=infos)


def per_transport(count: int) -> WorkerSettings:
    """The settings of a worker with `count` ports, one for each transport."""
    first = free_port()
    return worker_settings(
        port_mode="per-transport", rtc_first_port=first, rtc_last_port=first + count - 1, listen_infos=BOTH
    )


def test_one_port_on_each_listen_address() -> None:
    settings = shared("127.0.0.1", "::1")
    plane, loop = recorded_plane()
    ports = ports_of(plane, settings)
    assert isinstance(ports, SharedPort)
    assert ports.bind() > 65_536
    ports.open()
    assert len(loop.named("open_socket")) == 2
    endpoint = ports.take(unexpected)
    assert (endpoint.port, len({*endpoint.sockets})) == (settings.rtc_first_port, 2)
    assert [one.address for one in endpoint.candidates()] == ["127.0.0.1", "::1"]
    ports.announce((ListenInfo("127.0.0.1", ("203.0.113.7",)), BOTH[1]))
    ports.give_back(endpoint)
    again = ports.take(unexpected)
    assert [one.address for one in again.candidates()] == ["203.0.113.7", "::1"]
    assert (again.sockets, ports.use(), ports.refusals) == (endpoint.sockets, {}, 0)
    plane.stop()


@pytest.mark.parametrize("listen_ips", [("0.0.0.0", "::"), ("127.0.0.1", "::1", "127.0.0.2"), ("::",)])
def test_all_addresses_have_the_same_port(listen_ips: tuple[str, ...]) -> None:
    plane, _ = recorded_plane()
    ports = ports_of(plane, shared(*listen_ips))
    ports.bind()
    ports.open()
    assert len(ports.take(unexpected).sockets) == len(listen_ips)
    plane.stop()


def test_a_port_that_is_taken_on_one_address_is_opened_on_none() -> None:
    settings = shared("127.0.0.1", "::1")
    port = settings.rtc_first_port
    plane, _ = recorded_plane()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.bind(("::1", port))
        with pytest.raises(PortError, match=f"UDP port {port} on ::1 is already in use"):
            ports_of(plane, settings).bind()
        with socket.socket(type=socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", port))


class Bound:
    """Ports for three transports, over a media loop that lets go of each socket that is closed."""

    def __init__(self) -> None:
        self.plane, self.loop = recorded_plane()
        self.settings = per_transport(3)
        self.ports = PortPerTransport(self.plane, self.settings)
        self.ports.bind()
        self.ports.open()
        self.plane.start()

    async def let_go(self) -> None:
        """Close what the media thread was asked to close, as it would."""
        numbers = [call.args[0] for call in self.loop.named("close_socket")]
        self.loop.calls = [call for call in self.loop.calls if call.name != "close_socket"]
        before = self.free
        self.loop.tell(*(Closed(Kind.KIND_SOCKET, number) for number in numbers))
        await until(lambda: self.free > before)

    @property
    def free(self) -> int:
        return self.ports.use()["free"]


@on_loop
async def test_each_transport_has_its_own_port_until_it_is_closed() -> None:
    here = Bound()
    first = here.settings.rtc_first_port
    endpoints = [here.ports.take(unexpected) for _ in range(3)]
    assert [endpoint.port for endpoint in endpoints] == [first, first + 1, first + 2]
    assert len({number for endpoint in endpoints for number in endpoint.sockets}) == 6
    with pytest.raises(Full, match=f"all 3 of {first}-{first + 2} are in use"):
        here.ports.take(unexpected)
    here.ports.give_back(endpoints[1])
    with pytest.raises(Full):  # the media thread has not let go of it
        here.ports.take(unexpected)
    await here.let_go()
    again = here.ports.take(unexpected)
    assert (again.port, again.sockets) == (first + 1, endpoints[1].sockets)
    assert (here.ports.use(), here.ports.refusals) == ({"used": 3, "free": 0}, 2)
    here.plane.stop()


@on_loop
async def test_the_port_that_is_free_for_longest_is_used_first() -> None:
    here = Bound()
    for _ in range(7):
        here.ports.give_back(here.ports.take(unexpected))
        await here.let_go()
    assert here.ports.take(unexpected).port == here.settings.rtc_first_port + 7 % 3
    here.plane.stop()


@on_loop
async def test_ports_of_other_programs_are_passed_over_and_tried_again() -> None:
    here = Bound()
    first = here.settings.rtc_first_port
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.bind(("::1", first))
        taken = [here.ports.take(unexpected).port for _ in range(2)]
        assert taken == [first + 1, first + 2]
        with pytest.raises(
            Full, match=f"other programs have those of {first}-{first + 2} that are not in use"
        ):
            here.ports.take(unexpected)
    assert here.ports.take(unexpected).port == first
    here.plane.stop()


@on_loop
async def test_without_descriptors_no_other_port_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Bound()
    failing = Mock(side_effect=OSError(errno.EMFILE, "Too many open files"))
    monkeypatch.setattr(ports_module, "open_udp", failing)
    with pytest.raises(Full, match="none can be opened: Too many open files; try again later"):
        here.ports.take(unexpected)
    assert (failing.call_count, here.free) == (1, 3)
    here.plane.stop()


@on_loop
async def test_a_socket_the_media_thread_cannot_read_fails_its_transport_alone() -> None:
    here = Bound()
    told: list[str] = []
    endpoint = here.ports.take(told.append)
    here.loop.tell(CommandRefused(Kind.KIND_SOCKET, endpoint.sockets[1], "open_socket", "no memory"))
    await until(lambda: told)
    assert told == ["the media thread could not open socket: no memory"]
    assert here.plane.alive
    here.ports.give_back(endpoint)
    await here.let_go()
    assert here.free == 3
    here.plane.stop()
