"""Transports without a valid check, in fake time."""

from __future__ import annotations

from unittest.mock import patch

from mediad.worker.transports import first_checks
from mediad.worker.transports.first_checks import FIRST_CHECK_S
from mediad.worker.transports.webrtc import WebRtcTransport
from tests.support.loops import on_loop, until
from tests.support.media_peer import DtlsClient, MediaPeer, check_for
from tests.support.negotiation import chrome_vp8
from tests.support.pipe_wire import wire
from tests.support.served_worker import producer, real_worker
from tests.support.transport_client import HERE, connect
from tests.support.worker_objects import Bench, bench

LOST = [
    {"transportId": "t", "iceState": "disconnected", "reason": f"no valid check within {FIRST_CHECK_S} s"}
]


def on_the_media_path(made: Bench) -> int:
    return made.plane.counts()["transports"]


def usernames(made: Bench, transport: WebRtcTransport) -> list[str]:
    """Return the usernames whose requests the media thread passes up for it."""
    opened = made.loop.named("open_transport")[-1]
    added = [call for call in made.loop.named("add_username") if call.args[0] == transport.handle]
    return [opened.parameters["username_fragment"].decode(), *(call.args[1].decode() for call in added)]


@on_loop
async def test_a_transport_nobody_uses_is_parked_after_half_a_minute() -> None:
    made = bench()
    transport = made.transport()
    parameters = wire(transport.parameters())
    made.clock.pass_s(FIRST_CHECK_S - 1)
    assert on_the_media_path(made) == 1
    made.clock.pass_s(1)
    assert on_the_media_path(made) == 0
    assert transport.parked
    assert made.clock.waiting == 0, "a parked transport costs no timer"
    assert made.events == [], "its client need not know"
    assert wire(transport.parameters()) == parameters
    (entry,) = await transport.stats()
    assert entry["iceState"] == "new"


@on_loop
async def test_a_late_starter_connects_an_hour_later_with_what_it_was_told_at_first() -> None:
    made = bench()
    transport = made.transport()
    parameters = wire(transport.parameters())
    made.clock.pass_s(3600)
    assert connect(transport, DtlsClient(wire(transport.parameters()))) == "server"
    assert on_the_media_path(made) == 1
    assert usernames(made, transport) == [parameters["iceParameters"]["usernameFragment"]]
    made.clock.pass_s(FIRST_CHECK_S - 1)
    transport.stun_received(HERE, check_for(parameters))
    made.clock.pass_s(3600)
    assert not transport.parked
    assert made.told("transport.iceState") == [{"transportId": "t", "iceState": "completed"}]
    transport.close()


@on_loop
async def test_a_consumer_opens_a_parked_transport() -> None:
    made = bench()
    sending, receiving = made.transport("sending"), made.transport("t")
    sending.stun_received(HERE, check_for(wire(sending.parameters())))
    made.clock.pass_s(3600)
    assert receiving.parked
    consumer = made.consumer(receiving, made.producer(sending))
    assert not receiving.parked
    assert made.loop.named("open_consumer")[-1].args[1] == receiving.handle
    made.clock.pass_s(FIRST_CHECK_S - 1)
    made.router.close_consumer(consumer)
    made.clock.pass_s(1)
    assert receiving.parked, "nobody uses it any more"
    assert made.told("transport.iceState")[1:] == []
    sending.close()


@on_loop
async def test_a_transport_in_use_without_a_check_is_lost() -> None:
    made = bench()
    transport = made.transport()
    made.clock.pass_s(20)
    connect(transport, DtlsClient(wire(transport.parameters())))
    made.clock.pass_s(FIRST_CHECK_S - 1)
    assert made.events == []
    made.clock.pass_s(1)
    assert made.told("transport.iceState") == LOST
    transport.close()
    assert made.clock.waiting == 0


@on_loop
async def test_a_producer_without_a_check_is_in_use_too() -> None:
    made = bench()
    transport = made.transport()
    made.clock.pass_s(20)
    made.producer(transport)
    made.clock.pass_s(FIRST_CHECK_S)
    assert made.told("transport.iceState") == LOST


@on_loop
async def test_a_consumer_that_was_only_offered_costs_nobody_the_call() -> None:
    made = bench()
    sending, receiving = made.transport("sending"), made.transport("t")
    sending.stun_received(HERE, check_for(wire(sending.parameters())))
    consumer = made.consumer(receiving, made.producer(sending))
    consumer.pause(True)
    made.clock.pass_s(3 * FIRST_CHECK_S)
    assert made.told("transport.iceState")[1:] == []
    assert not receiving.parked, "the consumer is on it"
    consumer.pause(False)
    made.clock.pass_s(FIRST_CHECK_S)
    assert made.told("transport.iceState")[1:] == LOST
    sending.close()


@on_loop
async def test_forged_checks_win_no_time() -> None:
    made = bench()
    transport = made.transport()
    forged = wire(transport.parameters())
    forged["iceParameters"]["password"] = "guessed" * 4
    made.clock.pass_s(FIRST_CHECK_S - 1)
    transport.stun_received(HERE, check_for(forged))
    made.clock.pass_s(1)
    assert transport.parked


@on_loop
async def test_a_client_that_restarts_ice_gets_the_time_again() -> None:
    made = bench()
    transport = made.transport()
    connect(transport, DtlsClient(wire(transport.parameters())))
    made.clock.pass_s(FIRST_CHECK_S - 1)
    transport.restart_ice()
    made.clock.pass_s(FIRST_CHECK_S - 1)
    assert made.events == []
    made.clock.pass_s(1)
    assert made.told("transport.iceState") == LOST


@on_loop
async def test_credentials_from_a_restart_while_parked_are_known_when_it_opens() -> None:
    made = bench()
    transport = made.transport()
    old = wire(transport.parameters())["iceParameters"]["usernameFragment"]
    made.clock.pass_s(FIRST_CHECK_S)
    new = wire(transport.restart_ice())["usernameFragment"]
    assert transport.parked
    connect(transport, DtlsClient(wire(transport.parameters())))
    assert usernames(made, transport) == [old, new]


@on_loop
async def test_restarts_do_not_open_a_parked_transport() -> None:
    made = bench()
    transport = made.transport()
    made.clock.pass_s(FIRST_CHECK_S)
    for _ in range(5):
        newest = wire(transport.restart_ice())["usernameFragment"]
    assert transport.parked
    assert made.loop.named("remove_username") == []
    connect(transport, DtlsClient(wire(transport.parameters())))
    assert usernames(made, transport)[-1] == newest


@on_loop
async def test_closing_a_parked_transport_closes_nothing_twice() -> None:
    made = bench()
    transport = made.transport()
    made.clock.pass_s(FIRST_CHECK_S)
    made.router.close_transport(transport)
    assert len(made.loop.named("close_transport")) == 1
    made.clock.pass_s(FIRST_CHECK_S)
    assert on_the_media_path(made) == 0


def test_one_timer_serves_all_transports_of_a_room() -> None:
    made = bench()
    for number in range(20):
        made.transport(str(number))
    assert made.clock.waiting == 1
    made.router.close()
    assert made.clock.waiting == 0


@on_loop
async def test_a_late_starter_on_the_real_media_path() -> None:
    """Media flows although both of its transports were parked before it first needed them."""
    with patch.object(first_checks, "FIRST_CHECK_S", 0.05):
        async with real_worker() as worker:
            sender = MediaPeer(await worker.ask("transport.create", routerId="r", transportId="a"))
            receiver = MediaPeer(await worker.ask("transport.create", routerId="r", transportId="b"))
            await until(lambda: worker.server.objects.parked == 2)
            assert (await worker.ask("worker.stats"))["transports"] == 0
            for transport_id, peer in (("a", sender), ("b", receiver)):
                await worker.ask(
                    "transport.connect", transportId=transport_id, dtlsParameters=peer.dtls.parameters
                )
                await peer.connect()
            await worker.ask("producer.create", **producer(chrome_vp8()))
            assert (await worker.ask("worker.stats"))["transports"] == 2
            assert worker.server.objects.parked == 0
            sender.close()
            receiver.close()
