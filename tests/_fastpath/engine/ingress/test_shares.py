"""Shares of the packet slots: a peer that takes its own leaves room for STUN, RTCP and others' media."""

from __future__ import annotations

import pytest

from mediad._fastpath.door.events import StunReceived
from tests.support import engine as e
from tests.windows.engine import EngineWindow

SLOTS = 8192
HOSTILE, HOSTILE_ADDRESS = e.GENERATION | 2, ("10.0.0.66", 6666)


def open_hostile(
    call: e.Call, number: int = 0, *, producers: int = 16, video: bool = True
) -> tuple[str, int]:
    """A transport with `producers` tracks of four encodings each; returns where it sends from."""
    handle, address = HOSTILE + number, (HOSTILE_ADDRESS[0], HOSTILE_ADDRESS[1] + number)
    call.engine.open_transport(handle, username_fragment=b"h%d" % number, rtcp_ssrc=7, secure=False)
    call.engine.add_address(handle, 0, *address)
    call.engine.select_address(handle, 0, *address)
    for index in range(producers):
        call.engine.open_producer(
            e.GENERATION | (10 + number * producers + index),
            handle,
            video=video,
            mid=b"m%d" % index,
            paused=False,
            codecs=[(96, 0, 101, e.VP8 if video else e.OPUS, 90000)],
            encodings=[(1000 + 10 * index + encoding, 0, b"") for encoding in range(4)],
            extensions={},
            nack=False,
            pli=False,
            fir=False,
            transport_cc=False,
            remb=False,
            inactivity_us=0,
            levels=False,
        )
    return address


def fill(
    call: e.Call, address: tuple[str, int], *, producers: int = 16, packets: int = 1024, gap_us: int = 2
) -> None:
    """Send as much as its stores would hold."""
    for number in range(packets):
        for index in range(producers):
            for encoding in range(4):
                data = e.rtp(number + 1, 0, b"x", ssrc=1000 + 10 * index + encoding)
                assert call.engine.receive(0, *address, data, call.now_us), "a datagram found no slot"
                call.now_us += gap_us


def assert_the_worker_hears(call: e.Call) -> None:
    call.engine.events()
    call.send(e.stun_request(b"sender-fragment"), ("10.0.0.9", 9))
    assert [type(event) for event in call.engine.events()] == [StunReceived]
    before = call.engine.counters()["rtcp_received"]
    call.reply(e.pli(e.OUT_SSRC))
    assert call.engine.counters()["rtcp_received"] == before + 1


def call_with_audio() -> e.Call:
    call = e.Call(EngineWindow(packet_slots=SLOTS))
    call.produce_audio()
    call.consume_audio()
    return call


def test_a_peers_silent_streams_hold_nothing_after_their_time() -> None:
    call = call_with_audio()
    fill(call, open_hostile(call), packets=300)
    assert call.engine.stored_of(HOSTILE) == 4096
    call.pass_time(3_000_000)
    assert call.engine.slots_in_use() == 0
    assert call.drops() == {"drop_stored_over_share": 300 * 64 - 4096}


def test_one_transport_keeps_its_share_and_the_others_theirs() -> None:
    call = call_with_audio()
    for number in range(50):
        call.send(e.rtp(number, 960 * number, b"opus", payload_type=111))
        call.now_us += 20_000
    fill(call, open_hostile(call), packets=100)
    assert call.engine.stored_of(e.SENDING) == 50
    assert call.engine.stored_of(HOSTILE) == 4096
    call.reply(e.nack(e.OUT_SSRC, 1049))  # a repeat of the honest sender's packet is still there
    assert call.forwarded()[-1].sequence == 1049
    assert_the_worker_hears(call)


@pytest.mark.parametrize("video", [True, False])
def test_a_full_pool_hears_everybody_and_forwards(video: bool) -> None:
    """Many transports, each within its share, want more than there is: the oldest goes."""
    call = call_with_audio()
    senders = [open_hostile(call, number, producers=8, video=video) for number in range(4)]
    for address in senders:
        fill(call, address, producers=8, packets=128)
    slots = call.engine.packet_slots()
    assert 0 < slots["free"] <= SLOTS // 32 + 1
    assert call.drops()["drop_stored_pool_low"] > 4000
    assert "drop_pool_empty" not in call.drops()
    assert_the_worker_hears(call)
    for number in range(10):
        call.send(e.rtp(number, 960 * number, b"opus", payload_type=111))
        fill(call, senders[0], producers=8, packets=2)
    assert len(call.forwarded()) == 10
    call.reply(e.nack(e.OUT_SSRC, 1005))
    assert [packet.sequence for packet in call.forwarded()] == [1005]


def test_an_honest_sender_of_three_layers_of_five_megabits_keeps_its_seconds() -> None:
    call = e.Call(EngineWindow(packet_slots=SLOTS))
    call.produce(encodings=[(100 + layer, 0, b"") for layer in range(3)])
    for number in range(1040):  # 520 packets a second and layer, for two seconds
        for layer in range(3):
            call.send(e.rtp(number, number * 173, e.vp8_payload(number), ssrc=100 + layer))
        call.now_us += 1923
    assert call.engine.stored_of(e.SENDING) == 3 * 1024  # as many as each store has room for
    assert not any(name.startswith("drop_stored") for name in call.drops())


def test_paused_closed_and_replaced_streams_give_their_slots_back() -> None:
    call = e.Call()
    call.produce(encodings=[(0, 0, b"hi")])
    named = {4: b"0", 10: b"hi"}
    for number in range(10):
        call.send(e.rtp(number, 0, e.vp8_payload(number), ssrc=0xA1, extensions=named))
    call.now_us += 150_000
    call.send(e.rtp(7, 0, e.vp8_payload(1), ssrc=0xA2, extensions=named))
    assert call.engine.slots_in_use() == 1  # the replaced SSRC's are gone
    call.engine.pause_producer(e.PRODUCER, True)
    call.pass_time(3_000_000)
    assert (call.engine.slots_in_use(), call.engine.stored_of(e.SENDING)) == (0, 0)
    call.engine.pause_producer(e.PRODUCER, False)
    call.send(e.rtp(8, 0, e.vp8_payload(1), ssrc=0xA2))
    call.close()
    assert (call.engine.slots_in_use(), call.engine.timers_armed()) == (0, 0)
