"""RTP parameters of a track on its way through a pipe, which joins the routers of a room on two workers."""

from __future__ import annotations

from dataclasses import replace

from mediad.ortc.capabilities import ABS_SEND_TIME, MID, TRANSPORT_CC
from mediad.ortc.negotiation import all_encodings
from mediad.ortc.parameters import RtcpFeedback, RtpParameters

_OF_ONE_HOP = (MID, ABS_SEND_TIME, TRANSPORT_CC)
"""Extensions that name a stream, or help to estimate bandwidth: a pipe has SSRCs, and no estimate."""
_KEY_FRAMES = (RtcpFeedback("nack", "pli"), RtcpFeedback("ccm", "fir"))
_NACK = RtcpFeedback("nack")


def pipe_consumer_parameters(consumable: RtpParameters, *, ssrc: int, enable_rtx: bool) -> RtpParameters:
    """The parameters of a track in a pipe. With the same ones the producer at the other end is made.

    Nothing is negotiated: both ends are routers of one room, with the same payload types and extension ids.
    All encodings are kept, with `ssrc` and the numbers after it, RTX with the numbers after those. With
    `enable_rtx` losses between the routers are repaired. The CNAME stays, which keeps lips in sync.
    """
    wanted = (*_KEY_FRAMES, _NACK) if enable_rtx else _KEY_FRAMES
    codecs = tuple(
        replace(codec, rtcp_feedback=tuple(item for item in codec.rtcp_feedback if item in wanted))
        for codec in consumable.codecs
        if enable_rtx or not codec.is_rtx
    )
    # the dependency descriptor is among them, for consumers of this router get it anyway
    extensions = [item for item in consumable.header_extensions if item.uri not in _OF_ONE_HOP]
    return RtpParameters(
        codecs=codecs,
        header_extensions=tuple(sorted(extensions, key=lambda extension: extension.id)),
        encodings=all_encodings(consumable, ssrc, any(codec.is_rtx for codec in codecs)),
        rtcp=consumable.rtcp,
        msid=consumable.msid,
    )
