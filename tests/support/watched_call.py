"""A call whose receiver watches VP8: one stream, or two to switch between."""

from __future__ import annotations

from tests.support import engine as e

FRAME_US = 33_333


def play(
    call: e.Call, first: int, count: int, *, ssrc: int = e.SSRC, keyframes: tuple[int, ...] = ()
) -> None:
    """One packet a frame from sequence number `first` on, 30 frames a second."""
    for number in range(first, first + count):
        payload = e.vp8_payload(number, keyframe=number in keyframes, tl0=number)
        call.send(e.rtp(number, number * 3000, payload, ssrc=ssrc))
        call.pass_time(FRAME_US)


def started() -> e.Call:
    call = e.Call()
    call.produce()
    call.consume()
    play(call, 1, 5, keyframes=(1,))
    return call


def two_streams() -> e.Call:
    call = e.Call()
    call.produce(encodings=[(e.SSRC, e.RTX_SSRC, b""), (e.SSRC + 1, e.RTX_SSRC + 1, b"")])
    call.consume()
    play(call, 1, 3, keyframes=(1,))
    play(call, 8001, 3, ssrc=e.SSRC + 1, keyframes=(8001,))
    call.forwarded()
    call.pass_time(2_000_000)  # so long that no key frame is recent
    return call


def play_both(call: e.Call, number: int, keyframes: tuple[int, ...]) -> None:
    for ssrc, first in ((e.SSRC, number), (e.SSRC + 1, 8000 + number)):
        payload = e.vp8_payload(first, keyframe=first in keyframes, tl0=first)
        call.send(e.rtp(first, number * 3000 + ssrc, payload, ssrc=ssrc))
    call.pass_time(FRAME_US)
