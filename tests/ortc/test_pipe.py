"""A track's parameters in a pipe, by the text of the protocol's section on pipe consumers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.ortc import capabilities as uri
from mediad.ortc.acceptance import accept_producer
from mediad.ortc.capabilities import DEFAULT_MEDIA_CODECS
from mediad.ortc.negotiation import router_capabilities
from mediad.ortc.parameters import RtpParameters
from mediad.ortc.pipe import pipe_consumer_parameters
from tests.support.negotiation import accept, chrome_opus, chrome_vp8, extensions, feedback, video

ROUTER = router_capabilities(DEFAULT_MEDIA_CODECS)
SSRC = 400_000_000


def piped(wire: dict[str, Any], kind: str = "video", *, enable_rtx: bool = False) -> dict[str, Any]:
    consumable = accept(wire, kind=kind).consumable
    return pipe_consumer_parameters(consumable, ssrc=SSRC, enable_rtx=enable_rtx).to_wire()


def test_a_camera_in_three_sizes() -> None:
    assert piped(chrome_vp8()) == {
        "codecs": [
            {
                "mimeType": "video/VP8",
                "payloadType": 101,
                "clockRate": 90000,
                "parameters": {},
                "rtcpFeedback": feedback("nack pli", "ccm fir"),
            }
        ],
        "headerExtensions": extensions(
            DEPENDENCY_DESCRIPTOR=7, VIDEO_ORIENTATION=8, TIME_OFFSET=9, PLAYOUT_DELAY=11, PACKET_ID=12
        ),
        "encodings": [
            {"ssrc": SSRC + index, "maxBitrate": bitrate, "scalabilityMode": "L1T3"}
            for index, bitrate in enumerate((500_000, 1_000_000, 5_000_000))
        ],
        "rtcp": {"cname": "abc", "reducedSize": True},
        "msid": "s t",
    }


def test_a_camera_whose_losses_are_repaired() -> None:
    parameters = piped(chrome_vp8(), enable_rtx=True)
    assert [(codec["mimeType"], codec["payloadType"]) for codec in parameters["codecs"]] == [
        ("video/VP8", 101),
        ("video/rtx", 102),
    ]
    assert parameters["codecs"][0]["rtcpFeedback"] == feedback("nack", "nack pli", "ccm fir")
    assert [(e["ssrc"], e["rtx"]["ssrc"]) for e in parameters["encodings"]] == [
        (SSRC, SSRC + 3),
        (SSRC + 1, SSRC + 4),
        (SSRC + 2, SSRC + 5),
    ]


@pytest.mark.parametrize(("enable_rtx", "asked"), [(False, []), (True, ["nack"])])
def test_a_microphone(enable_rtx: bool, asked: list[str]) -> None:
    wire = chrome_opus(headerExtensions=extensions(MID=4, AUDIO_LEVEL=1, ABS_CAPTURE_TIME=9))
    parameters = piped(wire, "audio", enable_rtx=enable_rtx)
    assert [codec["rtcpFeedback"] for codec in parameters["codecs"]] == [feedback(*asked)]
    assert parameters["encodings"] == [{"ssrc": SSRC, "dtx": True}]
    assert parameters["headerExtensions"] == extensions(
        AUDIO_LEVEL=6, ABS_CAPTURE_TIME=10, PLAYOUT_DELAY=11, PACKET_ID=12
    )


# -- at the other end --------------------------------------------------------------------------------------

MODES = [None, "L1T1", "L1T2", "L1T3"]
NAMED = st.sampled_from([codec for codec in DEFAULT_MEDIA_CODECS if codec.kind == "video"])


@st.composite
def cameras(draw: st.DrawFn) -> dict[str, Any]:
    named = draw(NAMED)
    count = draw(st.integers(1, 4))
    modes = [*MODES, "L3T3", "S3T3", "L3T3_KEY"] if count == 1 else MODES
    return video(
        named.mime_type,
        dict(named.parameters),
        headerExtensions=extensions(MID=4, **draw(st.dictionaries(st.just("ABS_CAPTURE_TIME"), st.just(9)))),
        encodings=[
            {
                "rid": f"r{index}",
                "scalabilityMode": draw(st.sampled_from(modes)),
                "dtx": draw(st.booleans()),
                "maxBitrate": draw(st.none() | st.integers(1, 10_000_000)),
            }
            for index in range(count)
        ],
    )


@given(cameras(), st.booleans())
def test_the_router_at_the_other_end_takes_the_track_as_it_is(wire: dict[str, Any], enable_rtx: bool) -> None:
    here = accept(wire, ROUTER)
    parameters = pipe_consumer_parameters(here.consumable, ssrc=SSRC, enable_rtx=enable_rtx)
    there = accept_producer("video", parameters, ROUTER, cname="", mapped_ssrc=896_690_014)
    assert there.type == here.type
    assert all(sent == mapped for sent, mapped in there.mapping.payload_types.items())
    assert there.consumable == replace(here.consumable, rtcp=there.consumable.rtcp)
    assert parameters.rtcp.cname == here.consumable.rtcp.cname
    assert RtpParameters.from_wire(parameters.to_wire()) == parameters


@given(cameras(), st.booleans())
def test_only_what_a_pipe_needs_is_in_it(wire: dict[str, Any], enable_rtx: bool) -> None:
    consumable = accept(wire, ROUTER).consumable
    parameters = pipe_consumer_parameters(consumable, ssrc=SSRC, enable_rtx=enable_rtx)
    assert parameters.mid is None
    ids = [extension.id for extension in parameters.header_extensions]
    assert ids == sorted(set(ids))
    uris = {extension.uri for extension in parameters.header_extensions}
    assert uri.DEPENDENCY_DESCRIPTOR in uris
    assert uris == {e.uri for e in consumable.header_extensions} - {
        uri.MID,
        uri.ABS_SEND_TIME,
        uri.TRANSPORT_CC,
    }
    assert any(codec.is_rtx for codec in parameters.codecs) is enable_rtx
    ssrcs = [e.ssrc for e in parameters.encodings]
    ssrcs += [e.rtx_ssrc for e in parameters.encodings if e.rtx_ssrc is not None]
    assert ssrcs == list(range(SSRC, SSRC + len(ssrcs)))
    assert len(ssrcs) == len(consumable.encodings) * (2 if enable_rtx else 1)
    for encoding, source in zip(parameters.encodings, consumable.encodings, strict=True):
        assert replace(encoding, ssrc=source.ssrc, rtx_ssrc=None) == source
