"""Clients over TCP, with a real worker: the whole way from the check to media, and back to UDP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mediad.worker.transports.webrtc import WebRtcTransport
from tests.support.engine import rtp
from tests.support.loops import on_loop, until
from tests.support.media_peer import MediaPeer, check_for
from tests.support.negotiation import chrome_opus
from tests.support.served_worker import Worker, consumer, producer, real_worker


def opus(number: int) -> bytes:
    return rtp(number, 960 * number, b"opus%d" % number, ssrc=1111, payload_type=111)


async def speak(worker: Worker) -> None:
    """Ana, on transport "a", may be heard by Ben, on "b"."""
    await worker.ask("producer.create", **producer(chrome_opus(), "audio"))
    await worker.consume(**consumer(chrome_opus(), "audio"))


async def selected(worker: Worker, transport_id: str) -> dict[str, Any]:
    (stats,) = (await worker.ask("transport.stats", transportId=transport_id))["stats"]
    return dict(stats.get("iceSelectedTuple", {}))


def over_udp(worker: Worker, transport_id: str) -> bool:
    transport = worker.server.objects.transport(transport_id)[1]
    assert isinstance(transport, WebRtcTransport)
    path = transport._ice.selected
    return path is not None and path.protocol == "udp"


def has_heard(peer: MediaPeer, count: int) -> Callable[[], bool]:
    return lambda: len(peer.packets) >= count


@on_loop
async def test_two_clients_of_tcp_alone() -> None:
    async with real_worker() as worker:
        ana = await worker.connected("a", force_tcp=True)
        ben = await worker.connected("b", force_tcp=True)
        await speak(worker)
        for number in range(50):
            ana.send_rtp(opus(number))
        await until(lambda: len(ben.packets) == 50)
        told = await selected(worker, "b")
        assert (told["protocol"], told["remotePort"]) == ("tcp", ben.port)
        await worker.ask("transport.close", transportId="b")
        await until(lambda: ben.ended)
        assert ben.dtls.endpoint.state == "closed"  # close_notify came before the end
        ana.close()
        ben.close()


@on_loop
async def test_a_client_whose_connection_ends_goes_on_over_udp_and_comes_back() -> None:
    async with real_worker() as worker:
        ana = await worker.connected("a")
        created = await worker.ask("transport.create", routerId="r", transportId="b")
        ben = MediaPeer(created, 1)
        await worker.ask("transport.connect", transportId="b", dtlsParameters=ben.dtls.parameters)
        await ben.connect()
        assert (await selected(worker, "b"))["protocol"] == "tcp"
        beside = MediaPeer(created, 0)  # the same client's UDP, which is not nominated
        beside._send([check_for(created, nominate=False)])
        await until(lambda: beside.stun)
        assert (await selected(worker, "b"))["protocol"] == "tcp"
        ben.close()
        await until(lambda: over_udp(worker, "b"))
        beside.dtls = ben.dtls
        beside.send_report()  # as clients do all the time: it proves that the path leads to it
        await speak(worker)
        ana.send_rtp(opus(1))
        await until(lambda: beside.packets)
        ana.close()
        beside.close()


@on_loop
async def test_after_an_ice_restart_a_client_returns_to_udp() -> None:
    async with real_worker() as worker:
        ana = await worker.connected("a")
        created = await worker.ask("transport.create", routerId="r", transportId="b")
        ben = MediaPeer(created, 1)
        await worker.ask("transport.connect", transportId="b", dtlsParameters=ben.dtls.parameters)
        await ben.connect()
        await speak(worker)
        restarted = await worker.ask("transport.restartIce", transportId="b")
        again = MediaPeer(created | restarted, 0)
        again.dtls = ben.dtls
        await again.check()
        ana.send_rtp(opus(1))
        assert (await selected(worker, "b"))["protocol"] == "tcp"  # until the new path has proven to receive
        again.send_report()
        await until(lambda: over_udp(worker, "b"))
        ana.send_rtp(opus(2))
        await until(lambda: again.packets)
        for peer in (ana, ben, again):
            peer.close()


@on_loop
async def test_a_client_that_stops_reading_costs_the_others_nothing() -> None:
    async with real_worker() as worker:
        ana = await worker.connected("a")
        ben = await worker.connected("b", force_tcp=True)
        cleo = await worker.connected("c", force_tcp=True)
        await speak(worker)
        of_cleo = consumer(chrome_opus(), "audio", consumer_id="of-cleo")
        of_cleo["consumers"][0]["transportId"] = "c"
        await worker.consume(**of_cleo)
        ben.stop_reading()
        for number in range(1, 2001):
            ana.send_rtp(rtp(number, 960 * number, bytes(1000), ssrc=1111, payload_type=111))
            if number % 50 == 0:
                await until(has_heard(cleo, number))
        assert len(cleo.packets) == 2000
        counters = worker.server._plane.counters()
        assert counters["drop_tcp_media_full"] + counters["drop_tcp_media_late"] > 0
        for peer in (ana, ben, cleo):
            peer.close()
