"""Commands: what they change, what a late one does, and that closing everything leaves nothing behind."""

from __future__ import annotations

import random

from tests.support import engine as e
from tests.support.engine import stun_request


def test_closing_leaves_nothing() -> None:
    call = e.Call()
    call.produce(levels=True)
    call.consume()
    for number in range(1, 50):
        call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)))
    call.close()
    closed = [(event[1], event[2]) for event in call.probe.events() if int(event[0]) == 3]
    assert closed == [(2, e.CONSUMER), (1, e.PRODUCER), (0, e.SENDING), (0, e.RECEIVING)]
    assert (call.probe.slots_in_use(), call.probe.timers_armed()) == (0, 0)
    call.send(e.rtp(51, 0, b"x"))
    assert call.drops()["drop_media_unknown_address"] == 1


def test_late_commands_are_counted_and_ignored() -> None:
    call = e.Call()
    call.close()
    stale = 2 * e.GENERATION
    call.probe.pause_consumer(stale, True)
    call.probe.set_target(stale, 0, 255)
    call.probe.request_key_frame(stale)
    call.probe.pause_producer(stale, True)
    call.probe.select_address(stale, 0, "10.9.9.9", 9)
    call.probe.set_keys(stale, receive_session=1, rtcp_session=1)
    call.probe.close_transport(stale)
    assert call.drops() == {
        "drop_stale_command": 9
    }  # two of them from close() itself: no consumer, no producer


def test_objects_on_a_closed_transport_are_reported_closed() -> None:
    """Python may not know yet that the transport went: it still gets its indices back."""
    call = e.Call()
    call.probe.close_transport(e.SENDING)
    call.probe.events()
    call.produce()
    call.consume()
    assert [(event[1], event[2]) for event in call.probe.events()] == [(1, e.PRODUCER), (2, e.CONSUMER)]


def test_a_generation_later_the_slot_serves_again() -> None:
    call = e.Call()
    call.produce()
    call.probe.close_producer(e.PRODUCER)
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert len(call.forwarded()) == 1


def test_removing_the_selected_address_stops_sending() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert len(call.forwarded()) == 1
    call.probe.remove_address(e.RECEIVING, 0, *e.RECEIVER)
    call.send(e.rtp(2, 3000, e.vp8_payload(2)))
    assert call.left() == []
    assert call.drops() == {"drop_consumer_not_connected": 1}


def test_media_follows_the_selected_address() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.probe.add_address(e.RECEIVING, 0, "2001:db8::7", 777)
    call.probe.select_address(e.RECEIVING, 0, "2001:db8::7", 777)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert [to for to, _ in call.left()] == [("2001:db8::7", 777)]


def test_an_ice_restart_knows_both_fragments_for_a_while() -> None:

    call = e.Call()
    call.probe.add_username(e.SENDING, b"new-fragment")
    for fragment in (b"sender-fragment", b"new-fragment"):
        call.send(stun_request(fragment))
    assert len(call.probe.events()) == 2
    call.probe.remove_username(e.SENDING, b"sender-fragment")
    call.send(stun_request(b"sender-fragment"))
    assert call.drops() == {"drop_stun_unknown_username": 1}


def test_a_resumed_producer_starts_with_a_key_frame() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.probe.pause_producer(e.PRODUCER, True)
    call.send(e.rtp(2, 3000, e.vp8_payload(2)))
    call.pass_time(2_000_000)
    before = call.probe.counters()["keyframe_requests"]
    call.probe.pause_producer(e.PRODUCER, False)
    assert call.probe.counters()["keyframe_requests"] == before + 1
    call.send(e.rtp(3, 6000, e.vp8_payload(3)))
    call.send(e.rtp(4, 9000, e.vp8_payload(4, keyframe=True)))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001]


def test_random_lives_leak_nothing() -> None:
    chance = random.Random(7)
    call = e.Call()
    call.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")])
    alive: set[int] = set()
    for step in range(1500):
        handle = e.GENERATION | chance.randrange(40)
        match chance.randrange(6):
            case 0 if handle not in alive:
                alive.add(handle)
                call.consume(
                    handle, ssrc=5000 + 2 * handle, rtx_ssrc=5001 + 2 * handle, target=chance.randrange(2)
                )
            case 1 if handle in alive:
                alive.discard(handle)
                call.probe.close_consumer(handle)
            case 2 if handle in alive:
                call.probe.pause_consumer(handle, bool(chance.randrange(2)))
            case 3 if handle in alive:
                call.probe.set_target(handle, chance.randrange(-1, 2), 255)
            case _:
                payload = e.vp8_payload(step, keyframe=chance.random() < 0.2)
                call.send(e.rtp(step, step * 3000, payload, ssrc=e.SSRC + chance.randrange(2)))
                call.pass_time(5_000)
        call.left()
        call.probe.events()
    for handle in alive:
        call.probe.close_consumer(handle)
    call.close()
    assert (call.probe.slots_in_use(), call.probe.timers_armed()) == (0, 0)
