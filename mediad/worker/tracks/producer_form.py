"""ProducerForm: the parameters of a track as its sender negotiated them."""

from __future__ import annotations

from dataclasses import dataclass

from mediad.pipe.rtp import RtpMapping, RtpParameters
from mediad.worker.media.parameters import (
    extension_ids,
    in_band_fec,
    producer_codecs,
    producer_encodings,
)

INACTIVITY_US = 1_500_000
INACTIVITY_DTX_US = 5_000_000
"""The time without a packet after which a stream is inactive; DTX sends few while a picture stands still."""


@dataclass(frozen=True, slots=True)
class ProducerForm:
    """The parameters of a track, as the media path takes them."""

    kind: str
    """audio or video."""
    mime_type: str
    mid: bytes
    codecs: list[tuple[int, int, int, int, int]]
    """(payload type, RTX payload type, router payload type, codec, clock rate) of each media codec."""
    encodings: list[tuple[int, int, bytes]]
    """(SSRC, RTX SSRC, RID) of each encoding, lowest quality first; 0: not signalled."""
    max_bitrates_bps: list[float | None]
    """The limit in bit/s that the client set for the encoder of each encoding; None: not known."""
    extensions: dict[int, int]
    nack: bool
    pli: bool
    fir: bool
    transport_cc: bool
    remb: bool
    fec: bool
    inactivity_us: int
    """The silence after which a stream is inactive; 0: never, since a lone stream has no substitute."""

    @classmethod
    def of(cls, kind: str, parameters: RtpParameters, mapping: RtpMapping) -> ProducerForm:
        """Read a client's parameters. Raises InvalidInput for parameters by which nothing can be received."""
        encodings = producer_encodings(parameters)
        dtx = any(encoding.dtx for encoding in parameters.encodings)
        return cls(
            kind=kind,
            mime_type=parameters.first_codec().mime_type,
            mid=parameters.mid.encode(),
            codecs=producer_codecs(parameters, mapping),
            encodings=encodings,
            max_bitrates_bps=[encoding.max_bitrate for encoding in parameters.encodings],
            extensions=extension_ids(parameters),
            nack=parameters.feedback("nack"),
            pli=parameters.feedback("nack", "pli"),
            fir=parameters.feedback("ccm", "fir"),
            transport_cc=parameters.feedback("transport-cc"),
            remb=parameters.feedback("goog-remb"),
            fec=kind == "audio" and in_band_fec(parameters),
            inactivity_us=0 if len(encodings) == 1 else INACTIVITY_DTX_US if dtx else INACTIVITY_US,
        )

    @property
    def ssrcs(self) -> frozenset[int]:
        """The SSRCs that were signalled, those of RTX among them."""
        return frozenset(ssrc for row in self.encodings for ssrc in row[:2] if ssrc)
