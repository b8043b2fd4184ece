"""ConsumerForm: the common parameters of consumers of one track that were negotiated alike."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from mediad.errors import InvalidInput
from mediad.ortc.scalability import parse_scalability_mode
from mediad.pipe.requests import TrackType
from mediad.pipe.rtp import RtpParameters
from mediad.worker.media.parameters import extension_ids

# low, because libsrtp may take the wrong roll-over counter for a stream that begins near 65535
_FIRST_SEQUENCE_NUMBERS = range(1000, 32768)


@dataclass(frozen=True, slots=True)
class ConsumerForm:
    """The parameters of consumers except SSRCs and MID."""

    type: TrackType
    """The type, which selects the way of following the producer."""
    mime_type: str
    clock_rate: int
    codecs: list[tuple[int, int]]
    """(payload type, RTX payload type or 0) of each media codec."""
    extensions: dict[int, int]
    nack: bool
    cname: bytes
    spatial_layers: int
    temporal_layers: int

    @classmethod
    def of(cls, type_: TrackType, parameters: RtpParameters) -> ConsumerForm:
        """Read negotiated parameters. Raises InvalidInput for parameters by which nothing can be sent."""
        if not parameters.encodings:
            raise InvalidInput("rtpParameters.encodings is empty")
        codec = parameters.first_codec()
        mode = parse_scalability_mode(parameters.encodings[0].scalability_mode)
        return cls(
            type=type_,
            mime_type=codec.mime_type,
            clock_rate=codec.clock_rate,
            codecs=[(c.payload_type, parameters.rtx_of(c.payload_type)) for c in parameters.media_codecs()],
            extensions=extension_ids(parameters),
            nack=parameters.feedback("nack"),
            cname=parameters.rtcp.cname.encode()[:64],
            spatial_layers=mode.spatial_layers,
            temporal_layers=mode.temporal_layers,
        )


@dataclass(frozen=True, slots=True)
class ConsumerStream:
    """The parameters that differ from consumer to consumer."""

    ssrc: int
    rtx_ssrc: int = 0
    """The SSRC of retransmissions; 0: they are not sent as RTX."""
    mid: str = ""
    paused: bool = False
    """True when it begins paused."""
    ignore_dtx: bool = False
    """True when packets of discontinuous transmission (DTX) are left out."""


def first_numbers() -> dict[str, int]:
    """Return the random numbers that a new stream and its retransmissions begin with."""
    return {
        "first_sequence_number": secrets.choice(_FIRST_SEQUENCE_NUMBERS),
        "first_timestamp": secrets.randbits(32),
        "first_rtx_sequence_number": secrets.choice(_FIRST_SEQUENCE_NUMBERS),
    }
