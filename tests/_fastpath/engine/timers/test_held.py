"""Datagrams that a throttle has held: they come in and leave when due, whatever changed meanwhile."""

from __future__ import annotations

from tests.support import engine as e
from tests.windows.engine import EngineWindow

OPEN, LATER = (0, 0, 0), (0, 50_000, 0)


def test_what_is_held_leaves_for_where_the_client_is_now() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.engine.throttle_transport(e.RECEIVING, uplink=OPEN, downlink=LATER)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.engine.add_address(e.RECEIVING, 0, "10.0.0.7", 7)
    call.engine.select_address(e.RECEIVING, 0, "10.0.0.7", 7)
    call.pass_time(50_000)
    assert [to for to, data in call.left() if not e.is_rtcp(data)] == [("10.0.0.7", 7)]


def test_what_has_nowhere_to_go_is_counted() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.engine.throttle_transport(e.RECEIVING, uplink=OPEN, downlink=LATER)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.engine.remove_address(e.RECEIVING, 0, *e.RECEIVER)
    call.pass_time(50_000)
    assert call.left() == []
    assert call.drops() == {"drop_throttle_full": 1}


def test_what_comes_from_an_address_that_was_removed_is_a_strangers() -> None:
    call = e.Call()
    call.produce()
    call.engine.throttle_transport(e.SENDING, uplink=LATER, downlink=OPEN)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.engine.remove_address(e.SENDING, 0, *e.SENDER)
    call.pass_time(50_000)
    assert call.drops() == {"drop_media_unknown_address": 1}


def test_what_finds_no_packet_slot_is_counted() -> None:
    call = e.Call(engine=EngineWindow(packet_slots=1))
    call.produce()
    call.engine.throttle_transport(e.SENDING, uplink=LATER, downlink=OPEN)
    for number in (1, 2):
        call.send(e.rtp(number, 0, e.vp8_payload(number, keyframe=True)))
    call.pass_time(50_000)
    assert call.engine.slots_in_use() == 1, "the first is kept for repeats"
    assert call.drops() == {"drop_pool_empty": 1}


def test_each_datagram_is_counted_once() -> None:
    call = e.Call()
    call.produce()
    call.engine.throttle_transport(e.SENDING, uplink=LATER, downlink=OPEN)
    for number in range(1, 6):
        call.send(e.rtp(number, 0, e.vp8_payload(number, keyframe=True)))
    assert call.engine.counters()["datagrams_received"] == 0
    call.pass_time(50_000)
    assert call.engine.counters()["datagrams_received"] == 5
