from __future__ import annotations

from typing import Any

import pytest

from mediad.ortc.matching import adapted, matches, matches_strictly
from mediad.ortc.parameters import CodecCapability
from tests.support.negotiation import H264, codec


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (codec("video/VP8"), codec("VIDEO/vp8"), True),
        (codec("video/VP8"), codec("video/VP9"), False),
        (codec("audio/SILK", 8000), codec("audio/SILK", 16000), False),
        (codec("audio/opus", 48000, 2), codec("audio/opus", 48000), False),
        (codec("audio/opus", 48000, 2), codec("audio/opus", 48000, 2), True),
    ],
)
def test_name_rate_and_channels(one: Any, other: Any, same: bool) -> None:
    assert matches(one, other) is same
    assert matches(other, one) is same


def test_multiopus_needs_the_same_streams() -> None:
    def layout(streams: int, coupled: int) -> CodecCapability:
        return CodecCapability(
            "audio/multiopus", 48000, 6, {"num_streams": streams, "coupled_streams": coupled}
        )

    assert matches(layout(4, 2), layout(4, 2))
    assert not matches(layout(4, 2), layout(5, 2))
    assert not matches(layout(4, 2), layout(4, 3))


def h264(profile_level_id: Any = None, packetization_mode: Any = 1, asymmetry: Any = 1) -> Any:
    named = {
        "profile-level-id": profile_level_id,
        "packetization-mode": packetization_mode,
        "level-asymmetry-allowed": asymmetry,
    }
    return codec("video/H264", **{name: value for name, value in named.items() if value is not None})


@pytest.mark.parametrize(
    ("sent", "negotiated"),
    [(h264("42e01f"), "42e01f"), (h264("42e034"), "42e034"), (h264(None), "42e01f")],
)
def test_h264_a_router_accepts(sent: Any, negotiated: str) -> None:
    answer = adapted(sent, H264)
    assert answer is not None
    assert answer.parameters == {**sent.parameters, "profile-level-id": negotiated}
    assert matches_strictly(sent, H264)


@pytest.mark.parametrize(
    "sent",
    [
        h264("42001f"),
        h264("4d001f"),
        h264("42e01f", packetization_mode=None),
        h264("42e01f", packetization_mode=0),
        h264("42e01f", packetization_mode="1"),
        h264("nonsense"),
    ],
)
def test_h264_a_router_refuses(sent: Any) -> None:
    assert adapted(sent, H264) is None
    assert not matches_strictly(sent, H264)
    assert matches(sent, H264)


def test_h264_of_which_neither_side_names_a_profile_stays_as_it_is() -> None:
    assert adapted(h264(None), h264(None)) == h264(None)


def test_missing_packetization_mode_is_zero() -> None:
    assert matches_strictly(h264("42e01f", packetization_mode=None), h264("42e01f", packetization_mode=0))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"profile_id": 0}, True),
        ({"profile_id": 2}, {"profile_id": 2}, True),
        ({}, {"profile_id": 2}, False),
        ({"profile_id": "2"}, {"profile_id": 2}, False),
    ],
)
def test_vp9_profiles(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    assert matches_strictly(codec("video/VP9", **one), codec("video/VP9", **other)) is same


def test_other_codecs_have_no_profile() -> None:
    assert matches_strictly(codec("video/AV1", profile=0), codec("video/AV1", profile=1))
    assert matches_strictly(codec("video/VP8", profile_id=1), codec("video/VP8"))
