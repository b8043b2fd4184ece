"""The ports of a worker, and the sockets behind them."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import socket
from dataclasses import replace
from unittest.mock import Mock

import pytest

from mediad._fastpath.door.events import Closed, CommandRefused
from mediad._fastpath.door.media_loop import Kind
from mediad.config.listen import ListenInfo
from mediad.config.settings import WorkerSettings
from mediad.errors import ConfigError, Full, PortError
from mediad.worker.transports import ports as ports_module
from mediad.worker.transports.ports import PortPerTransport, SharedPort, ports_of
from tests.support.engine import rtp
from tests.support.loops import on_loop, until
from tests.support.media_peer import MediaPeer
from tests.support.negotiation import chrome_opus
from tests.support.ports import free_port
from tests.support.recording_loop import recorded_plane
from tests.support.served_worker import Worker, consumer, producer, real_worker
from tests.support.worker_settings import worker_settings

BOTH = (ListenInfo("127.0.0.1", ("127.0.0.1",)), ListenInfo("::1", ("::1",)))


def unexpected(what: str) -> None:
    raise AssertionError(what)


def shared(*listen_ips: str) -> WorkerSettings:
    infos = tuple(ListenInfo(ip, (ip,)) for ip in listen_ips)
    return worker_settings(rtc_first_port=free_port(), listen_infos=infos)


def per_transport(count: int) -> WorkerSettings:
    """The settings of a worker with `count` ports, one for each transport."""
    first = free_port(count)
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
    assert (len(loop.named("open_socket")), len(loop.named("open_listener"))) == (2, 2)
    endpoint, port = ports.take(unexpected), settings.rtc_first_port
    assert len({*endpoint.sockets, *endpoint.listeners}) == 4
    told = [(one.protocol, one.address, one.port) for one in endpoint.candidates()]
    assert told == [(protocol, ip, port) for protocol in ("udp", "tcp") for ip in ("127.0.0.1", "::1")]
    for info in BOTH:
        with socket.create_connection((info.ip, port)) as client:
            assert client.getpeername()[1] == port
    ports.announce((ListenInfo("127.0.0.1", ("203.0.113.7",)), BOTH[1]))
    ports.give_back(endpoint)
    again = ports.take(unexpected)
    assert [one.address for one in again.candidates()] == 2 * ["203.0.113.7", "::1"]
    assert (again.sockets, ports.refusals) == (endpoint.sockets, 0)
    assert ports.use() == {"used": 0, "free": len(settings.plain_ports)}
    plane.stop()


@pytest.mark.parametrize("listen_ips", [("0.0.0.0", "::"), ("127.0.0.1", "::1", "127.0.0.2"), ("::",)])
def test_all_addresses_have_the_same_port(listen_ips: tuple[str, ...]) -> None:
    plane, _ = recorded_plane()
    ports = ports_of(plane, shared(*listen_ips))
    ports.bind()
    ports.open()
    assert len(ports.take(unexpected).sockets) == len(listen_ips)
    plane.stop()


def test_without_tcp_nobody_listens() -> None:
    plane, loop = recorded_plane()
    ports = ports_of(plane, replace(shared("127.0.0.1"), rtc_tcp_connections_per_address=0))
    ports.bind()
    ports.open()
    assert loop.named("open_listener") == []
    assert {one.protocol for one in ports.take(unexpected).candidates()} == {"udp"}
    plane.stop()


def test_a_tcp_port_that_is_taken_opens_no_port() -> None:
    settings = shared("127.0.0.1")
    port = settings.rtc_first_port
    with socket.create_server(("127.0.0.1", port)):
        expected = f"TCP port {port} on 127.0.0.1 .* choose another with --rtc-base-port"
        with pytest.raises(PortError, match=expected):
            ports_of(recorded_plane()[0], settings).bind()
    with socket.socket(type=socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))


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


def test_a_worker_begins_beside_other_programs_and_not_without_any_port() -> None:
    settings = per_transport(2)
    plane, loop = recorded_plane()
    with socket.socket(type=socket.SOCK_DGRAM) as other, socket.socket(type=socket.SOCK_DGRAM) as another:
        other.bind(("127.0.0.1", settings.rtc_first_port))
        assert ports_of(plane, settings).bind() > 65_536
        another.bind(("127.0.0.1", settings.rtc_last_port))
        with pytest.raises(PortError, match=f"{settings.rtc_first_port}-{settings.rtc_last_port} can be"):
            ports_of(plane, settings).bind()
    wrong = replace(settings, listen_infos=(ListenInfo("203.0.113.9", ("203.0.113.9",)),))
    with pytest.raises(ConfigError, match=r"expected an address of this machine"):
        ports_of(plane, wrong).bind()
    assert loop.calls == []


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


def test_ports_of_plain_transports_are_beside_the_shared_one() -> None:
    settings = replace(shared("127.0.0.1", "::1"), rtc_last_port=65535)
    plane, _ = recorded_plane()
    ports = ports_of(plane, settings)
    ports.bind()
    ports.open()
    rtp, rtcp = ports.take_own(unexpected, rtcp=True)
    assert (rtp.port % 2, rtcp.port) == (0, rtp.port + 1)
    assert rtp.port > settings.rtc_first_port
    assert rtp.listen_infos == rtcp.listen_infos == settings.listen_infos[:1]
    (local,) = ports.take_own(unexpected, local=True)
    assert local.listen_infos[0].announced == ("127.0.0.1",)
    assert ports.use()["used"] == 3
    plane.stop()


def test_without_ports_beside_the_shared_one_plain_transports_are_refused() -> None:
    settings = shared("127.0.0.1")
    plane, _ = recorded_plane()
    ports = ports_of(plane, replace(settings, rtc_last_port=settings.rtc_first_port))
    with pytest.raises(Full, match=r"none for one transport each \(rtc_max_port\)"):
        ports.take_own(unexpected)
    assert ports.refusals == 1


@on_loop
async def test_plain_transports_take_from_the_range_that_all_have() -> None:
    here = Bound()
    first = here.settings.rtc_first_port
    webrtc = here.ports.take(unexpected)
    (own,) = here.ports.take_own(unexpected)
    assert [webrtc.port, own.port] == [first, first + 1]
    with pytest.raises(Full, match=f"2 are needed, and one of the 3 of {first}-{first + 2} is free"):
        here.ports.take_own(unexpected, rtcp=True)
    here.ports.give_back(own)
    await here.let_go()
    assert len(here.ports.take_own(unexpected, rtcp=True)) == 2
    here.plane.stop()


# -- with a media thread, and clients ----------------------------------------------------------------------


async def speak(worker: Worker, ana: MediaPeer, ben: MediaPeer) -> None:
    """Ana, on transport "a", is heard by Ben, on "b"."""
    await worker.ask("producer.create", **producer(chrome_opus(), "audio"))
    await worker.consume(**consumer(chrome_opus(), "audio"))
    for number in range(20):
        ana.send_rtp(rtp(number, 960 * number, b"opus%d" % number, ssrc=1111, payload_type=111))
    await until(lambda: len(ben.packets) == 20)


async def selected(worker: Worker, transport_id: str) -> dict[str, object]:
    """The selected tuple of a transport."""
    (stats,) = (await worker.ask("transport.stats", transportId=transport_id))["stats"]
    return dict(stats["iceSelectedTuple"])


@on_loop
async def test_one_client_over_ipv4_and_one_over_ipv6() -> None:
    async with real_worker(listen_infos=BOTH) as worker:
        ana, ben = await worker.connected("a"), await worker.connected("b", candidate=1)
        await speak(worker, ana, ben)
        port = worker.server.objects.settings.rtc_first_port
        for name, host, peer in (("a", "127.0.0.1", ana), ("b", "::1", ben)):
            told = await selected(worker, name)
            assert (told["localAddress"], told["localPort"]) == (host, port)
            assert (told["remoteIp"], told["remotePort"]) == (host, peer.port)
            peer.close()


@on_loop
async def test_ipv4_on_a_socket_for_both_families_is_told_as_ipv4() -> None:
    infos = (ListenInfo("::", ("127.0.0.2", "::1")),)
    async with real_worker(listen_infos=infos) as worker:
        ana, ben = await worker.connected("a"), await worker.connected("b", candidate=1)
        await speak(worker, ana, ben)
        told = [await selected(worker, name) for name in ("a", "b")]
        assert [one["localAddress"] for one in told] == ["127.0.0.2", "::1"]
        assert [one["remoteIp"] for one in told] == ["127.0.0.1", "::1"]
        ana.close()
        ben.close()


def own_ports(count: int) -> dict[str, object]:
    first = free_port(count)
    return {
        "port_mode": "per-transport",
        "listen_infos": BOTH,
        "rtc_first_port": first,
        "rtc_last_port": first + count - 1,
    }


@on_loop
async def test_a_call_over_two_ports() -> None:
    async with real_worker(**own_ports(2)) as worker:
        ana, ben = await worker.connected("a"), await worker.connected("b", candidate=1)
        await speak(worker, ana, ben)
        first = worker.server.objects.settings.rtc_first_port
        assert {(await selected(worker, name))["localPort"] for name in ("a", "b")} == {first, first + 1}
        refusal = await worker.refused(Full, "transport.create", routerId="r", transportId="c")
        assert refusal.startswith(
            f"this worker has no media port for another transport: all 2 of {first}-{first + 1} are in use"
        )
        stats = await worker.ask("worker.stats")
        assert (stats["ports"], stats["portRefusals"]) == ({"used": 2, "free": 0}, 1)
        ana.close()
        ben.close()


@on_loop
async def test_checks_at_the_port_of_another_transport_are_not_answered() -> None:
    async with real_worker(**own_ports(2)) as worker:
        mine = await worker.ask("transport.create", routerId="r", transportId="a")
        other = await worker.ask("transport.create", routerId="r", transportId="b")
        peer = MediaPeer({**mine, "iceCandidates": other["iceCandidates"]})
        checking = asyncio.ensure_future(peer.check())
        await until(lambda: worker.server.objects.transport("a")[1].dropped().get("ice_foreign-port") == 1)
        checking.cancel()
        peer.close()


@on_loop
async def test_a_thousand_transports_leave_ports_and_descriptors_as_they_were() -> None:
    async with real_worker(**own_ports(8)) as worker:
        gc.collect()  # of other tests
        before = len(os.listdir("/proc/self/fd"))
        for number in range(1000):
            transport_id = str(number)
            await worker.ask("transport.create", routerId="r", transportId=transport_id)
            await worker.ask("transport.close", transportId=transport_id)
            if number % 8 == 7:  # as many as there are ports may wait for the media thread
                await worker.ask("worker.ping")
        stats = await worker.ask("worker.stats")
        assert (stats["ports"], stats["portRefusals"]) == ({"used": 0, "free": 8}, 0)
        assert len(os.listdir("/proc/self/fd")) == before
