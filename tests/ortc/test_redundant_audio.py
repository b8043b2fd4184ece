"""Redundant audio in negotiation: only a client that knows it is given such a track."""

from __future__ import annotations

import pytest

from mediad.errors import Unsupported
from mediad.ortc.negotiation import can_consume, consumer_parameters
from mediad.ortc.parameters import RtpCapabilities
from tests.support.negotiation import OPUS, accept, chrome_capabilities, chrome_opus, codec, router

RED = codec("audio/red", 48000, 2)


@pytest.mark.parametrize(
    ("sent", "known", "plays"),
    [
        (("audio/red", "audio/opus"), ("audio/opus", "audio/red"), True),
        (("audio/red", "audio/opus"), ("audio/opus",), False),  # nobody unwraps the packets on the way
        (("audio/opus", "audio/red"), ("audio/opus",), True),
    ],
)
def test_redundant_audio_needs_a_client_that_knows_it(
    sent: tuple[str, ...], known: tuple[str, ...], plays: bool
) -> None:
    offered = router(OPUS, RED)
    payload_types = {"audio/opus": 111, "audio/red": 63}
    wire = chrome_opus()
    wire["codecs"] = [
        {"mimeType": name, "payloadType": payload_types[name], "clockRate": 48000, "channels": 2}
        for name in sent
    ]
    consumable = accept(wire, offered, kind="audio").consumable
    capabilities = _only(known, chrome_capabilities(offered))
    assert can_consume(consumable, capabilities) is plays
    if plays:
        ours = consumer_parameters(consumable, capabilities, enable_rtx=True, ssrc=1, mid="0")
        names = [one.mime_type for one in ours.codecs]
        assert names == [name for name in sent if name in known]
    else:
        with pytest.raises(Unsupported, match="no compatible media codecs"):
            consumer_parameters(consumable, capabilities, enable_rtx=True, ssrc=1, mid="0")


def _only(names: tuple[str, ...], capabilities: RtpCapabilities) -> RtpCapabilities:
    kept = tuple(codec for codec in capabilities.codecs if codec.mime_type in names)
    return RtpCapabilities(kept, capabilities.header_extensions)
