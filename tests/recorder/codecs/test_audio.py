"""Audio: each packet is a frame, whose length its first bytes tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.codecs.audio import AudioDepacketizer, opus_samples, primary_block
from mediad.recorder.codecs.frame import Malformed
from tests.support.recorder_depacketize import feed
from tests.support.recorder_media import clip


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"\x00", 480),  # SILK, 10 ms
        (b"\x18", 2880),  # SILK, 60 ms
        (b"\x60", 480),  # hybrid, 10 ms
        (b"\x78", 960),  # hybrid, 20 ms
        (b"\x80", 120),  # CELT, 2.5 ms
        (b"\xf8", 960),  # CELT, 20 ms: silence that is sent
        (b"\xf9", 1920),  # two frames
        (b"\xfb\x03", 2880),  # three
    ],
)
def test_the_length_of_an_opus_packet(packet: bytes, samples: int) -> None:
    assert opus_samples(packet) == samples


@pytest.mark.parametrize("packet", [b"\x1b\x03", b"\xfb\x00"])
def test_lengths_that_opus_does_not_have(packet: bytes) -> None:
    with pytest.raises(Malformed):
        opus_samples(packet)


def test_what_an_encoder_makes_is_read() -> None:
    payloads = clip("audio/opus", 1.0)
    frames = feed("audio/opus", [(p.data, round(p.at_s * 48000), True, False) for p in payloads])
    assert [frame.samples for frame in frames] == [960] * len(payloads)
    assert [frame.data for frame in frames] == [payload.data for payload in payloads]


def test_redundant_audio_has_its_newest_block_last() -> None:
    assert primary_block(b"\xef\x00\x00\x03\x6fold\xf8new") == b"\xf8new"
    assert primary_block(b"\x6fnew") == b"new"
    with pytest.raises(Malformed):
        primary_block(b"\xef\x00\x00\x30\x6fold")


@given(st.lists(st.binary(max_size=20)))
def test_anything_is_taken(payloads: list[bytes]) -> None:
    for redundant in (False, True):
        audio = AudioDepacketizer(opus_samples, redundant=redundant)
        for payload in payloads:
            for frame in audio.push(payload, 0, False, 0):
                assert frame.samples
            audio.lose()
        assert not audio.waits
