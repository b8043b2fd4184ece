"""RTP parameters on their way from the supervisor to a worker."""

from __future__ import annotations

import pytest

from mediad.errors import InvalidInput
from mediad.ortc.parameters import RtpParameters as Negotiated
from mediad.pipe.rtp import RtpMapping, RtpParameters
from tests.support.negotiation import chrome_opus, chrome_vp8


@pytest.mark.parametrize("wire", [chrome_opus(), chrome_vp8()])
def test_whatever_was_negotiated_can_be_said(wire: dict[str, object]) -> None:
    negotiated = Negotiated.from_wire(wire)
    told = RtpParameters.from_wire(negotiated.to_wire())
    assert [codec.payload_type for codec in told.codecs] == [c.payload_type for c in negotiated.codecs]
    assert [encoding.ssrc or None for encoding in told.encodings] == [e.ssrc for e in negotiated.encodings]
    assert told.mid == (negotiated.mid or "")
    assert told.rtcp.cname == (negotiated.rtcp.cname or "")


def test_media_codecs_and_their_repair() -> None:
    told = RtpParameters.from_wire(Negotiated.from_wire(chrome_vp8()).to_wire())
    first = told.first_codec()
    assert first in told.media_codecs()
    assert not first.is_rtx
    assert told.rtx_of(first.payload_type) in {codec.payload_type for codec in told.codecs if codec.is_rtx}
    assert told.rtx_of(0) == 0
    assert told.feedback("nack", "pli")
    assert not told.feedback("nack", "never")
    with pytest.raises(InvalidInput, match="no media codecs"):
        RtpParameters(()).first_codec()


def test_behind_a_pipe_payload_types_stay_what_they_are() -> None:
    told = RtpParameters.from_wire(Negotiated.from_wire(chrome_vp8()).to_wire())
    mapping = RtpMapping.identity(told)
    assert [(e.payload_type, e.mapped_payload_type) for e in mapping.codecs] == [(96, 96), (97, 97)]


def test_a_mapping_leads_from_one_payload_type_to_another() -> None:
    (entry,) = RtpMapping.of({111: 100}).codecs
    assert (entry.payload_type, entry.mapped_payload_type) == (111, 100)
