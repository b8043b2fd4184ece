"""Codecs and streams as clients describe them, negotiated: a producer's, then what a receiver takes."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from mediad.errors import InvalidInput, Unsupported
from mediad.ortc.acceptance import RtpMapping, accept_producer
from mediad.ortc.capabilities import DEFAULT_MEDIA_CODECS, SUPPORTED_CODECS
from mediad.ortc.negotiation import can_consume, consumer_parameters, router_capabilities
from mediad.ortc.parameters import RtpCapabilities, RtpParameters
from mediad.ortc.pipe import pipe_consumer_parameters
from mediad.ortc.sctp import SctpStreamParameters
from mediad.signaling import json_input
from tests.fuzz.target import Target
from tests.support.rtp_samples import h264, opus, vp8, vp8_simulcast

H265 = [codec for codec in SUPPORTED_CODECS if codec.mime_type == "video/H265"]
ROUTER = router_capabilities([*DEFAULT_MEDIA_CODECS, *H265])
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
ANSWERS = [
    {**codec, "parameters": {**codec["parameters"], **more}}
    for codec in CAPABILITIES["codecs"]
    for more in ({}, {"profile-level-id": "42f00b"}, {"level-id": "90", "level-asymmetry-allowed": 0})
    if codec["mimeType"] in ("video/H264", "video/H265", "video/VP9")
]
ONE = vp8()
CONTRADICTIONS: list[dict[str, Any]] = [
    {**opus(), "encodings": [{"ssrc": 1}, {"ssrc": 2}]},
    {**ONE, "codecs": [*ONE["codecs"], ONE["codecs"][0]]},
    {**ONE, "codecs": [*ONE["codecs"][1:]]},
    {**ONE, "codecs": [{**ONE["codecs"][0], "payloadType": 98}, *ONE["codecs"]]},
    {**ONE, "codecs": [ONE["codecs"][0], {**ONE["codecs"][1], "parameters": {"apt": 5}}]},
    {**ONE, "codecs": [opus()["codecs"][0]]},
    {**ONE, "encodings": [{}], "mid": None},
    {**ONE, "encodings": [{}, {"rid": "a", "ssrc": "1"}]},
    {**ONE, "encodings": [{"ssrc": 1, "codecPayloadType": 4}]},
    {**ONE, "encodings": [{"ssrc": 1, "rid": "a"}, {"ssrc": 1, "rid": "a", "scalabilityMode": "L2T1"}]},
    {**ONE, "encodings": [{"ssrc": 1, "rid": "a"}, {"ssrc": 2, "rid": "b", "scalabilityMode": "L2T1"}]},
    {**ONE, "rtcp": {"cname": "\ud800", "reducedSize": 1}, "headerExtensions": [{"uri": "x" * 300, "id": 0}]},
]
SEEDS = [
    line("audio", opus(), SMALL, {"streamId": 1, "ordered": False, "maxPacketLifeTime": 5}),
    line("video", vp8(), SMALL, {"streamId": 65536, "ordered": True, "maxRetransmits": 1}),
    line("video", vp8_simulcast(), SMALL),
    line("video", SVC, SMALL),
    *(line("video", h264(profile), SMALL) for profile in ("42e01f", "640c1f", "4d0032", "42101f", "zz")),
    line("video", h265(), {"codecs": ANSWERS}),
    *(
        line("video", made, {"codecs": ANSWERS})
        for made in map(h264, ("42e01f", "4d0032", "42f00b", "42e0zz", "42e0ff", "ffe01f"))
    ),
    *(line("audio" if "opus" in str(made) else "video", made, SMALL) for made in CONTRADICTIONS),
    line("audio", opus(), None, {"streamId": 1, "maxPacketLifeTime": 5, "maxRetransmits": 5}),
    line("audio", opus(), None, {"streamId": 1, "maxPacketLifeTime": 5, "ordered": True}),
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
    if receiver is not None:
        with contextlib.suppress(InvalidInput, Unsupported):
            router_capabilities(receiver.codecs)
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
