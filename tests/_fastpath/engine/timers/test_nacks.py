"""NACKs: asked for after the reordering delay and again, never in vain."""

from __future__ import annotations

import struct

import pytest

from tests.support import engine as e


def test_a_gap_is_asked_for_after_the_reordering_delay_and_again() -> None:
    call = e.Call()
    call.produce()
    e.feed(call, range(1, 4))
    call.left()
    call.send(e.rtp(6, 6 * 1800, e.vp8_payload(6)))
    call.pass_time(5_000)
    assert [block for block in call.rtcp_to(e.SENDER) if block[:2] == (205, 1)] == []
    call.pass_time(40_000)
    (first,) = [body for kind, fmt, body in call.rtcp_to(e.SENDER) if (kind, fmt) == (205, 1)]
    assert struct.unpack("!IHH", first[4:12]) == (e.SSRC, 4, 1)  # 4, and 5 in the bitmask
    call.pass_time(2_000_000)
    again = [body for kind, fmt, body in call.rtcp_to(e.SENDER) if (kind, fmt) == (205, 1)]
    assert 1 <= len(again) <= 10
    assert call.engine.timers_armed() < 10


@pytest.mark.parametrize("gap", [513, 600, 2900])
def test_a_gap_too_long_to_repair_asks_for_a_key_frame_at_once(gap: int) -> None:
    call = e.Call()
    call.produce()
    call.consume()
    e.feed(call, range(1, 4))
    call.pass_time(3_000_000)
    call.left()
    call.send(e.rtp(4 + gap, 9000, e.vp8_payload(4)))
    call.pass_time(5_000)
    asked = [block[:2] for block in call.rtcp_to(e.SENDER)]
    assert (206, 1) in asked
    assert (205, 1) not in asked


def test_a_gap_in_audio_asks_for_no_key_frame() -> None:
    call = e.Call()
    call.produce_audio()
    call.send(e.rtp(1, 0, b"opus", payload_type=111))
    call.send(e.rtp(1000, 960, b"opus", payload_type=111))
    call.pass_time(2_000_000)
    assert {block[:2] for block in call.rtcp_to(e.SENDER)} <= {(201, 0), (201, 1), (207, 0)}
    assert call.engine.counters()["keyframe_requests"] == 0


def test_repair_in_time_is_not_asked_for() -> None:
    call = e.Call()
    call.produce()
    e.feed(call, range(1, 4))
    call.left()
    call.send(e.rtp(5, 9000, e.vp8_payload(5)))
    call.send(e.rtp(4, 7200, e.vp8_payload(4)))
    call.pass_time(200_000)
    assert [block for block in call.rtcp_to(e.SENDER) if block[:2] == (205, 1)] == []


def test_what_cannot_be_asked_for_uses_up_no_try() -> None:
    """Ten tries go by within seconds; a path that is away for longer costs none of them."""
    call = e.Call()
    call.produce()
    e.feed(call, range(1, 20), lost=frozenset({18}), gap_us=1_000)
    call.engine.remove_address(e.SENDING, 0, *e.SENDER)
    call.pass_time(5_000_000)
    call.left()
    call.engine.add_address(e.SENDING, 0, *e.SENDER)
    call.engine.select_address(e.SENDING, 0, *e.SENDER)
    call.pass_time(1_000_000)
    nacks = [body for kind, count, body in call.rtcp_to(e.SENDER) if (kind, count) == (205, 1)]
    assert len(nacks) >= 5
    assert {struct.unpack("!H", body[8:10])[0] for body in nacks} == {18}
