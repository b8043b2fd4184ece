"""A track: what is taken on, when a key frame is asked for, and what is reported."""

from __future__ import annotations

import pytest

from mediad.errors import InvalidInput, Unsupported
from mediad.pipe.recorder_requests import AddTrack
from mediad.pipe.rtp import CodecParameters, Encoding, RtpParameters, Rtx
from mediad.recorder.rtp.packet import RtpPacket
from mediad.recorder.rtp.reorder import WAIT_US
from mediad.recorder.rtp.rtcp import SenderReport
from mediad.recorder.timeline import PeerClock
from mediad.recorder.track import ASK_AGAIN_US, ASK_SILENT_US, Track
from tests.support.recorder_feed import add_track

KEY = b"\x10" + b"\x00\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00"
INTER = b"\x10" + b"\x01inter"


def vp8() -> Track:
    return Track(add_track("v", "video/VP8", 11), PeerClock())


def packet(sequence: int, payload: bytes = INTER) -> RtpPacket:
    return RtpPacket(100, sequence, 3000 * sequence, 11, True, payload)


def test_parameters_that_cannot_be_recorded_are_refused() -> None:
    good = add_track("v", "video/VP8", 11)
    codec = good.rtp_parameters.codecs[0]
    with pytest.raises(InvalidInput, match="track v has no SSRC"):
        Track(AddTrack("v", "p", "s", "video", RtpParameters((codec,))), PeerClock())
    still = CodecParameters("video/VP8", 100, 0)
    with pytest.raises(InvalidInput, match="track v has a clock rate of 0"):
        Track(
            AddTrack("v", "p", "s", "video", RtpParameters((still,), encodings=(Encoding(1),))), PeerClock()
        )
    with pytest.raises(InvalidInput, match="no media codecs"):
        Track(AddTrack("v", "p", "s", "video", RtpParameters(())), PeerClock())
    with pytest.raises(Unsupported, match="video/VP8 is not a codec of audio"):
        Track(AddTrack("v", "p", "s", "audio", good.rtp_parameters), PeerClock())


def test_the_first_encoding_and_codec_count() -> None:
    codecs = (CodecParameters("video/rtx", 101, 90000), CodecParameters("video/H264", 102, 90000))
    parameters = RtpParameters(codecs, encodings=(Encoding(11, rtx=Rtx(12)),))
    track = Track(AddTrack("v", "p", "s", "video", parameters), PeerClock())
    assert (track.takes(102), track.takes(101)) == (True, False)
    assert (track.ssrc, track.rtx_ssrc) == (11, 12)


def test_redundant_audio_may_come_without_redundancy() -> None:
    codecs = (CodecParameters("audio/red", 63, 48000), CodecParameters("audio/opus", 111, 48000))
    noise = CodecParameters("audio/CN", 13, 8000)
    parameters = RtpParameters((*codecs, noise), encodings=(Encoding(11),))
    track = Track(AddTrack("a", "p", "s", "audio", parameters), PeerClock())
    assert [track.takes(payload_type) for payload_type in (63, 111, 13)] == [True, True, False]
    red = track.receive(RtpPacket(63, 1, 0, 11, False, b"\x6f\xf8one"), 0)
    plain = track.receive(RtpPacket(111, 2, 960, 11, False, b"\xf8two"), 20_000)
    assert [placed.frame.data for placed in red + plain] == [b"\xf8one", b"\xf8two"]


def test_a_key_frame_is_asked_for_at_the_start_and_then_now_and_then() -> None:
    track = vp8()
    assert track.wants_key_frame(0)
    assert not track.wants_key_frame(ASK_SILENT_US - 1)  # nothing comes: it may be paused
    assert track.wants_key_frame(ASK_SILENT_US)
    track.receive(packet(1), ASK_SILENT_US + 1)
    assert not track.wants_key_frame(ASK_SILENT_US + ASK_AGAIN_US - 1)
    assert track.wants_key_frame(ASK_SILENT_US + ASK_AGAIN_US)
    track.receive(packet(2, KEY), ASK_SILENT_US + ASK_AGAIN_US)
    assert not track.wants_key_frame(10 * ASK_SILENT_US)
    assert track.key_frame_requests == 3


def test_a_loss_has_a_key_frame_asked_for() -> None:
    track = vp8()
    frames = track.receive(packet(1, KEY), 0) + track.receive(packet(2), 0) + track.receive(packet(4), 0)
    assert len(frames) == 2
    assert not track.wants_key_frame(ASK_SILENT_US)
    assert track.poll(WAIT_US) == []
    assert track.wants_key_frame(ASK_SILENT_US)
    assert [placed.frame.key for placed in track.receive(packet(5, KEY), WAIT_US)] == [True]


def test_a_key_frame_can_be_needed_for_another_reason() -> None:
    track = vp8()
    track.receive(packet(1, KEY), 0)
    track.need_key_frame()
    assert track.wants_key_frame(ASK_SILENT_US)
    track.receive(packet(2, KEY), 0)
    assert not track.wants_key_frame(2 * ASK_SILENT_US)


def test_audio_needs_no_key_frames() -> None:
    track = Track(add_track("a", "audio/opus", 22), PeerClock())
    track.need_key_frame()
    assert not track.wants_key_frame(0)


def test_what_is_held_comes_out_at_the_end() -> None:
    track = vp8()
    track.receive(packet(1, KEY), 0)
    track.receive(packet(3, KEY), 0)
    assert len(track.flush()) == 1


def test_the_report_says_what_came_and_what_did_not() -> None:
    track = vp8()
    assert track.block(0) is None
    for sequence in (1, 2, 4):
        track.receive(packet(sequence), 0)
    track.poll(WAIT_US)
    track.report(SenderReport(11, 10**15, 0xABCD, 0), 1_000_000)
    block = track.block(1_500_000)
    assert block is not None
    assert (block.ssrc, block.fraction_lost, block.lost, block.highest) == (11, 64, 1, 4)
    assert (block.last_report, block.delay) == (0xABCD, 32768)
    again = track.block(1_500_000)
    assert again is not None
    assert (again.fraction_lost, again.lost) == (0, 1)
