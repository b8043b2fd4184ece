"""Items of the list in test_table.py that no other test shows whole."""

from __future__ import annotations

import pytest

from mediad.ortc.acceptance import accept_producer
from mediad.ortc.capabilities import DEFAULT_MEDIA_CODECS
from mediad.ortc.negotiation import can_consume, router_capabilities
from mediad.ortc.parameters import CodecCapability, RtpCapabilities, RtpParameters
from tests.support.rtp_samples import opus
from tests.support.signaling import Failure, Front, run


def test_the_beginning_of_a_session() -> None:
    """Conformance 3: the version first; `join` twice, and `produce` before `join`, are errors with 500."""

    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        ana.sending = (await ana.request("createWebRtcTransport", {"producing": True}))["id"]
        with pytest.raises(Failure) as early:
            await ana.produce("audio", opus())
        assert (early.value.code, early.value.reason) == (500, "Peer not yet joined")
        await ana.enter()
        with pytest.raises(Failure) as twice:
            await ana.enter()
        assert (twice.value.code, twice.value.reason) == (500, "Peer already joined")
        assert ana.methods()[0] == "mediasoup-version"

    run(scenario)


def video(name: str, **parameters: object) -> CodecCapability:
    codec = {"kind": "video", "mimeType": f"video/{name}", "clockRate": 90000, "parameters": parameters}
    return CodecCapability.from_wire(codec, "codec")


H264 = {"packetization-mode": 1, "level-asymmetry-allowed": 1}
VARIANTS = [
    video("H264", **H264, **{"profile-level-id": "4d0032"}),
    video("H264", **H264, **{"profile-level-id": "42e01f"}),
    video("VP9", **{"profile-id": 0}),
    video("VP9", **{"profile-id": 2}),
]


@pytest.mark.parametrize("sent", range(4))
@pytest.mark.parametrize("understood", range(4))
def test_profiles_decide_who_can_consume(sent: int, understood: int) -> None:
    """Conformance 10: each profile of H264 and VP9 can be consumed by clients of the same one alone."""
    codec = VARIANTS[sent]
    parameters = RtpParameters.from_wire(
        {
            "mid": "0",
            "codecs": [{**codec.to_wire(), "payloadType": 96}],
            "encodings": [{"ssrc": 1}],
            "rtcp": {"cname": "c"},
        }
    )
    router = router_capabilities([*DEFAULT_MEDIA_CODECS[:1], *VARIANTS])
    accepted = accept_producer("video", parameters, router, cname="c", mapped_ssrc=100)
    wire = router_capabilities([VARIANTS[understood]]).to_wire()
    assert can_consume(accepted.consumable, RtpCapabilities.from_wire(wire)) is (sent == understood)
