"""More datagrams than the outbox holds: it is flushed on the way, and nothing is lost or mixed up."""

from __future__ import annotations

from tests.support import engine as e


def test_a_fan_out_larger_than_the_outbox() -> None:
    call = e.Call()
    call.produce()
    for index in range(2000):  # the window's outbox holds 512
        call.consume(e.GENERATION | index, ssrc=5000 + index, rtx_ssrc=0)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert sorted(packet.ssrc for packet in call.forwarded()) == list(range(5000, 7000))


def test_each_destination_keeps_its_order() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.engine.open_transport(e.GENERATION | 2, username_fragment=b"third", rtcp_ssrc=3, secure=False)
    call.engine.add_address(e.GENERATION | 2, 0, "10.0.0.3", 3000)
    call.engine.select_address(e.GENERATION | 2, 0, "10.0.0.3", 3000)
    call.consume(e.GENERATION | 5, e.GENERATION | 2, ssrc=900, rtx_ssrc=0)
    for number in range(1, 21):
        call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)))
    left = call.left()
    for destination in (e.RECEIVER, ("10.0.0.3", 3000)):
        numbers = [e.parse_rtp(data).sequence for to, data in left if to == destination]
        assert numbers == list(range(1000, 1020))
