"""REMB: the bitrate that a sender is told it may send, and the times at which it is told."""

from __future__ import annotations

import struct
from typing import Any

from tests.support import engine as e

S = 1_000_000
LIFTED_BPS = 10**9


def rembs(call: e.Call) -> list[tuple[int, list[int]]]:
    """(bit/s, SSRCs) of each REMB the sender got since the last look."""
    told = []
    for kind, fmt, body in call.rtcp_to(e.SENDER):
        if (kind, fmt) == (206, 15):
            assert body[8:12] == b"REMB"
            count, high, low = body[12], body[13], struct.unpack("!H", body[14:16])[0]
            bps = ((high & 3) << 16 | low) << (high >> 2)
            told.append((bps, list(struct.unpack(f"!{count}I", body[16:]))))
    return told


def flowing(max_incoming_bitrate_bps: int = 0, **changes: Any) -> e.Call:
    """A sender of one video stream, limited or not, whose first packet has come."""
    call = e.Call()
    if max_incoming_bitrate_bps:
        call.engine.close_transport(e.SENDING)
        call.engine.open_transport(
            e.SENDING,
            username_fragment=b"limited",
            rtcp_ssrc=1,
            secure=False,
            max_incoming_bitrate_bps=max_incoming_bitrate_bps,
        )
        call.engine.add_address(e.SENDING, 0, *e.SENDER)
        call.engine.select_address(e.SENDING, 0, *e.SENDER)
    call.produce(**changes)
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.left()
    return call


def close_to(bps: int, expected: int) -> bool:
    """REMB has 18 bits for the number."""
    return abs(bps - expected) <= expected / 2**17


def test_nothing_is_said_to_a_sender_that_estimates_by_itself() -> None:
    call = flowing()
    call.pass_time(5 * S)
    assert rembs(call) == []


def test_a_sender_without_transport_cc_is_told_our_estimate() -> None:
    call = flowing(transport_cc=False)
    call.pass_time(5 * S)
    told = rembs(call)
    assert len(told) >= 3
    assert all(bps >= 990_000 and ssrcs == [e.SSRC] for bps, ssrcs in told)


def test_the_configured_limit_is_told_each_second_and_to_the_bit() -> None:
    """The server's own estimate is not told: the sender's is better."""
    call = flowing(1_500_000)
    call.pass_time(5 * S)
    told = rembs(call)
    assert len(told) >= 3
    assert all(close_to(bps, 1_500_000) and ssrcs == [e.SSRC] for bps, ssrcs in told)


def test_an_estimate_never_exceeds_the_limit() -> None:
    call = flowing(400_000, transport_cc=False)
    call.pass_time(5 * S)
    told = rembs(call)
    assert told
    assert all(close_to(bps, 400_000) for bps, _ in told)


def test_no_limit_for_what_does_not_understand_remb() -> None:
    call = flowing(1_500_000, remb=False)
    call.pass_time(5 * S)
    assert rembs(call) == []


def test_a_cap_is_told_at_once_and_repeated() -> None:
    call = flowing()
    call.engine.cap_uplink(e.SENDING, 250_000)
    assert [close_to(bps, 250_000) for bps, _ in rembs(call)] == [True]
    call.pass_time(5 * S)
    told = rembs(call)
    assert len(told) >= 3
    assert all(close_to(bps, 250_000) for bps, _ in told)


def test_the_same_cap_is_no_news() -> None:
    call = flowing()
    call.engine.cap_uplink(e.SENDING, 250_000)
    rembs(call)
    call.engine.cap_uplink(e.SENDING, 250_000)
    assert rembs(call) == []


def test_a_cap_is_lifted_at_once_and_a_few_times_more() -> None:
    call = flowing()
    call.engine.cap_uplink(e.SENDING, 250_000)
    call.pass_time(2 * S)
    rembs(call)
    call.engine.cap_uplink(e.SENDING, 0)
    assert [close_to(bps, LIFTED_BPS) for bps, _ in rembs(call)] == [True]
    call.pass_time(10 * S)
    assert [close_to(bps, LIFTED_BPS) for bps, _ in rembs(call)] == [True] * 3


def test_a_cap_that_returns_ends_the_lifting() -> None:
    call = flowing()
    for cap in (250_000, 0, 300_000):
        call.engine.cap_uplink(e.SENDING, cap)
    rembs(call)
    call.pass_time(5 * S)
    assert all(close_to(bps, 300_000) for bps, _ in rembs(call))


def test_lifting_a_cap_leaves_the_configured_limit() -> None:
    call = flowing(1_500_000)
    call.engine.cap_uplink(e.SENDING, 250_000)
    call.engine.cap_uplink(e.SENDING, 0)
    assert [round(bps, -4) for bps, _ in rembs(call)] == [250_000, 1_500_000]


def test_a_cap_above_the_configured_limit_changes_nothing() -> None:
    call = flowing(500_000)
    call.engine.cap_uplink(e.SENDING, 900_000)
    call.pass_time(2 * S)
    assert all(close_to(bps, 500_000) for bps, _ in rembs(call))


def test_a_late_cap_is_counted() -> None:
    call = flowing()
    call.engine.close_producer(e.PRODUCER)
    call.engine.close_transport(e.SENDING)
    call.engine.cap_uplink(e.SENDING, 250_000)
    assert call.drops()["drop_stale_command"] == 1


def test_a_cap_before_there_is_a_path_is_told_later() -> None:
    call = flowing()
    call.engine.remove_address(e.SENDING, 0, *e.SENDER)
    call.engine.cap_uplink(e.SENDING, 250_000)
    call.engine.add_address(e.SENDING, 0, *e.SENDER)
    call.engine.select_address(e.SENDING, 0, *e.SENDER)
    call.pass_time(2 * S)
    assert all(close_to(bps, 250_000) for bps, _ in rembs(call))


def test_remb_for_a_sender_without_transport_cc() -> None:
    call = e.Call()
    call.produce(transport_cc=False)
    e.feed(call, range(1, 101))
    rembs = [body for kind, fmt, body in call.rtcp_to(e.SENDER) if (kind, fmt) == (206, 15)]
    assert rembs
    assert rembs[0][8:12] == b"REMB"
    assert struct.unpack("!I", rembs[0][16:20])[0] == e.SSRC


def test_no_remb_beside_transport_cc() -> None:
    call = e.Call()
    call.produce()
    e.feed(call, range(1, 101))
    assert [block for block in call.rtcp_to(e.SENDER) if block[:2] == (206, 15)] == []
