"""Codecs and streams as clients describe them, negotiated: a producer's, then what a receiver takes."""

from __future__ import annotations

import json
from typing import Any

from mediad.errors import InvalidInput, Unsupported
from mediad.ortc.acceptance import RtpMapping, accept_producer
from mediad.ortc.capabilities import SUPPORTED_CODECS
from mediad.ortc.negotiation import can_consume, consumer_parameters, router_capabilities
from mediad.ortc.parameters import RtpCapabilities, RtpParameters
from mediad.ortc.pipe import pipe_consumer_parameters
from mediad.ortc.sctp import SctpStreamParameters
from mediad.signaling import json_input
from tests.fuzz.target import Target
from tests.support.rtp_samples import h264, opus, vp8, vp8_simulcast

ROUTER = router_capabilities(SUPPORTED_CODECS)
CAPABILITIES = ROUTER.to_wire()
SMALL = {"codecs": CAPABILITIES["codecs"][:2], "headerExtensions": CAPABILITIES["headerExtensions"][:2]}


def line(kind: str, parameters: Any, capabilities: Any = None, stream: Any = None) -> bytes:
    return json.dumps([kind, parameters, capabilities, stream], separators=(",", ":")).encode()


def h265() -> dict[str, Any]:
    parameters = vp8()
    fields = {"profile-id": 1, "level-id": 93, "tier-flag": 0, "tx-mode": "SRST"}
    parameters["codecs"][0] |= {"mimeType": "video/H265", "parameters": fields}
    return parameters


SVC = {
    **vp8_simulcast(),
    "encodings": [{"ssrc": 5, "scalabilityMode": "L3T3_KEY", "maxBitrate": 9}],
}
SEEDS = [
    line("audio", opus(), SMALL, {"streamId": 1, "ordered": False, "maxPacketLifeTime": 5}),
    line("video", vp8(), SMALL, {"streamId": 65536, "ordered": True, "maxRetransmits": 1}),
    line("video", vp8_simulcast(), SMALL),
    line("video", SVC, SMALL),
    *(line("video", h264(profile), SMALL) for profile in ("42e01f", "640c1f", "4d0032", "42101f", "zz")),
    line("video", h265(), SMALL),
    line("", {"codecs": []}, {"codecs": [{"kind": "audio", "mimeType": "audio/opus", "clockRate": 48000}]}),
    *(json.dumps(["", None, {"codecs": [codec]}, None]).encode() for codec in CAPABILITIES["codecs"]),
]


def one_input(data: bytes) -> None:
    try:
        found = json_input.decode(data.decode("utf-8", "replace"))
        kind, parameters, capabilities, stream = found
    except (ValueError, TypeError):
        return
    receiver = _or_none(RtpCapabilities, capabilities)
    _or_none(SctpStreamParameters, stream)
    sender = _or_none(RtpParameters, parameters)
    if sender is None:
        return
    try:
        accepted = accept_producer(str(kind), sender, ROUTER, cname="c", mapped_ssrc=1000)
    except (InvalidInput, Unsupported):
        return
    assert RtpMapping.from_wire(accepted.mapping.to_wire()) == accepted.mapping
    pipe_consumer_parameters(accepted.consumable, ssrc=7, enable_rtx=True)
    for taken in filter(None, (receiver, ROUTER)):
        if can_consume(accepted.consumable, taken):
            made = consumer_parameters(accepted.consumable, taken, enable_rtx=True, ssrc=7, mid="0")
            assert RtpParameters.from_wire(made.to_wire()) == made, "what is told cannot be read again"


def _or_none(kind: Any, data: object) -> Any:
    """Return the struct that the data is, None when it is none; what is read is told as it was read."""
    try:
        read = kind.from_wire(data)
    except InvalidInput as error:
        told = len(str(error))
    else:
        assert kind.from_wire(read.to_wire()) == read
        return read
    assert 0 < told < 1000
    return None


NAMES = (
    "acceptance",
    "fields",
    "h264",
    "h265",
    "matching",
    "negotiation",
    "parameters",
    "scalability",
    "sctp",
)
TARGET = Target("ortc", SEEDS, lambda: one_input, tuple(f"ortc/{name}.py" for name in NAMES), shape="json")
