"""Rules of all codecs of video: whole frames only, and none that a decoder could not show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.codecs import video
from mediad.recorder.codecs.frame import Frame, Malformed, Picture
from mediad.recorder.codecs.video import VideoDepacketizer
from tests.support.recorder_depacketize import feed
from tests.support.recorder_media import clip

VIDEO = ("video/VP8", "video/VP9", "video/AV1", "video/H264", "video/H265")


class Letters(VideoDepacketizer):
    """Frames are words; one with a K is a key frame, one with an X is wrong."""

    def parts(self, payload: bytes, first: bool) -> list[bytes]:
        if b"X" in payload:
            raise Malformed
        return [payload]

    def finish_frame(self, parts: list[bytes]) -> tuple[bytes, Picture | None]:
        data = b"".join(parts)
        return data, Picture(2, 2) if b"K" in data else None


def told(letters: Letters, *packets: tuple[bytes, int, bool] | None) -> list[bytes]:
    """The frames; None is a loss."""
    frames: list[Frame] = []
    for packet in packets:
        if packet is None:
            letters.lose()
        else:
            frames += letters.push(*packet, 0)
    return [frame.data for frame in frames]


def test_nothing_is_told_before_a_key_frame() -> None:
    letters = Letters()
    assert told(letters, (b"a", 1, True), (b"K", 2, False), (b"b", 2, True), (b"c", 3, True)) == [b"Kb", b"c"]
    assert not letters.waits


def test_a_frame_ends_with_the_next_timestamp_if_it_has_no_marker() -> None:
    assert told(Letters(), (b"K", 1, False), (b"a", 2, False), (b"b", 3, True)) == [b"K", b"a", b"b"]


def test_a_loss_costs_all_frames_until_a_key_frame() -> None:
    letters = Letters()
    frames = told(letters, (b"K", 1, True), (b"a", 2, False), None, (b"b", 2, True), (b"c", 3, True))
    assert frames == [b"K"]
    assert letters.waits
    assert told(letters, (b"K2", 4, True)) == [b"K2"]


def test_a_wrong_packet_costs_its_frame_and_those_that_need_it() -> None:
    letters = Letters()
    assert told(letters, (b"K", 1, True), (b"X", 2, False), (b"a", 2, True), (b"b", 3, True)) == [b"K"]
    assert letters.damaged == 1


def test_padding_is_no_part_of_a_frame() -> None:
    assert told(Letters(), (b"K", 1, False), (b"", 1, True), (b"a", 1, True)) == [b"Ka"]


def test_a_frame_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MAX_FRAME_BYTES", 10)
    letters = Letters()
    assert told(letters, (b"K" * 8, 1, False), (b"b" * 8, 1, False), (b"c", 1, True)) == []
    assert letters.damaged == 1


@pytest.mark.parametrize("mime_type", VIDEO)
@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 3), st.booleans(), st.booleans()), max_size=12)
)
def test_anything_is_taken(mime_type: str, payloads: list[tuple[bytes, int, bool, bool]]) -> None:
    feed(mime_type, payloads)


@pytest.mark.parametrize("mime_type", VIDEO)
@given(st.data())
def test_spoilt_packets_are_taken(mime_type: str, data: st.DataObject) -> None:
    payloads = []
    for payload in clip(mime_type, 1.0)[:12]:
        spoilt = bytearray(payload.data)
        for _ in range(data.draw(st.integers(0, 2))):
            spoilt[data.draw(st.integers(0, min(len(spoilt), 40) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(spoilt))) if data.draw(st.booleans()) else len(spoilt)
        payloads.append((bytes(spoilt[:cut]), round(payload.at_s * 90000), payload.marker, False))
    for frame in feed(mime_type, payloads):
        assert frame.data
