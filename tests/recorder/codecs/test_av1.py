"""AV1: frames of FFmpeg's encoder through FFmpeg's packetiser come out whole. `test_video` spoils them."""

from __future__ import annotations

from tests.support.recorder_depacketize import WholeFrames


class TestAv1(WholeFrames):
    """AV1."""

    MIME_TYPE = "video/AV1"
