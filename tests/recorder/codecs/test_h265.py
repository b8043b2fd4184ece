"""H265: frames of FFmpeg's encoder through FFmpeg's packetiser come out whole. `test_video` spoils them."""

from __future__ import annotations

from tests.support.recorder_depacketize import WholeFrames


class TestH265(WholeFrames):
    """H265."""

    MIME_TYPE = "video/H265"
