"""Requests of the supervisor to a worker about transports without ICE and DTLS: plain ones, and pipes.

A plain transport is a client's that speaks RTP alone: ffmpeg, GStreamer, a recorder. A pipe joins the routers
that one room has on two workers. Both are closed, and tell their statistics, like any transport
(`mediad.pipe.requests`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mediad.pipe.messages import Done, Message, Request
from mediad.pipe.requests import Layer
from mediad.pipe.rtp import RtpParameters
from mediad.pipe.scores import EncodingScore

CryptoSuite = Literal[
    "AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"
]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class SrtpParameters(Message):
    """The key by which one side encrypts what it sends (SDES, RFC 4568 section 6.1)."""

    crypto_suite: CryptoSuite
    key_base64: str
    """The master key and the salt after it."""

    def __repr__(self) -> str:
        """Return a text for logs, which does not tell the key."""
        return f"SrtpParameters({self.crypto_suite!r}, …)"


class TransportTuple(Message):
    """The local and, once it is known, the remote address of a transport."""

    local_address: str
    local_port: int
    protocol: str = "udp"
    remote_ip: str | None = None
    remote_port: int | None = None


# -- plain transports --------------------------------------------------------------------------------------


class PlainTransportCreated(Message):
    """The addresses of a new plain transport, and the key by which it encrypts."""

    tuple: TransportTuple
    rtcp_tuple: TransportTuple | None = None
    """The address of RTCP; None when it comes and goes with RTP (RFC 5761)."""
    srtp_parameters: SrtpParameters | None = None
    """The key of what it sends; None: its packets are in the clear."""


class CreatePlainTransport(Request[PlainTransportCreated]):
    """Make a plain transport on a router, with ports of its own."""

    row = "transport.createPlain"

    router_id: str
    transport_id: str
    rtcp_mux: bool = True
    comedia: bool = False
    """True when the client's first valid packet tells its address; else `ConnectPlainTransport` does."""
    srtp_crypto_suite: CryptoSuite | None = None
    """The suite that it encrypts with until the client names another; None: no encryption."""
    local_only: bool = False
    """True for a receiver on this host: the transport is bound to the loopback address 127.0.0.1."""


class PlainTransportConnected(Message):
    """The addresses of a connected plain transport; its key, which is another if the suite had to change."""

    tuple: TransportTuple
    rtcp_tuple: TransportTuple | None = None
    srtp_parameters: SrtpParameters | None = None


class ConnectPlainTransport(Request[PlainTransportConnected]):
    """Tell a plain transport where its client is, and how it encrypts. The second time is an error.

    A comedia transport takes `srtp_parameters` alone.
    """

    row = "transport.connectPlain"

    transport_id: str
    ip: str | None = None
    port: Port | None = None
    rtcp_port: Port | None = None
    srtp_parameters: SrtpParameters | None = None


class Heard(Message):
    """The signs of life of one transport's client."""

    bytes: int = 0
    """The bytes of valid RTP and RTCP packets that have come from it."""
    present: bool = False
    """True while ICE says that it is there (RFC 7675)."""


class HeardOf(Message):
    """The signs of life on transports, in the order of the question."""

    transports: list[Heard]


class GetHeard(Request[HeardOf]):
    """A question for signs of life on several transports at once; one that is unknown has none."""

    row = "transport.heard"

    transport_ids: list[str]


# -- pipes -------------------------------------------------------------------------------------------------


class PipeTransportCreated(Message):
    """The address of one end of a pipe, and the key by which it encrypts."""

    ip: str
    port: int
    srtp_parameters: SrtpParameters | None = None


class CreatePipeTransport(Request[PipeTransportCreated]):
    """Make one end of a pipe on a router."""

    row = "transport.createPipe"

    router_id: str
    transport_id: str
    enable_rtx: bool = False
    """True when losses between the workers are repaired (NACK and RTX), which the loopback never needs."""
    enable_srtp: bool = False
    """True for AEAD_AES_256_GCM. Then there are no data channels, which would go in the clear."""
    enable_sctp: bool = False
    """True when data channels go through it too; its SCTP is inside of UDP, without DTLS."""


class ConnectPipeTransport(Request[Done]):
    """Tell one end of a pipe where the other one listens. The second time is an error."""

    row = "transport.connectPipe"

    transport_id: str
    ip: str
    port: Port
    srtp_parameters: SrtpParameters | None = None


class PipeConsumerCreated(Message):
    """The state of a new pipe consumer."""

    producer_paused: bool
    score: list[EncodingScore]
    """The producer's score, one entry for each encoding seen."""


class CreatePipeConsumer(Request[PipeConsumerCreated]):
    """Forward all encodings of a producer into a pipe, with all layers, each under an SSRC of its own.

    Ask for it when the producer at the other end was made: the first packets are those of a key frame.
    """

    row = "consumer.createPipe"

    transport_id: str
    consumer_id: str
    producer_id: str
    rtp_parameters: RtpParameters
    """The parameters that the producer at the other end was made with (`mediad.ortc.pipe`)."""


class SetPipeLayer(Request[Done]):
    """The highest encoding that anybody behind a pipe wants; None: nobody wants any, and nothing is sent.

    In the beginning all are sent: the producer at the other end tells changes (`ProducerLayersWanted`) alone.
    """

    row = "consumer.setPipeLayer"

    consumer_id: str
    spatial_layer: Layer | None


class SetSourceScore(Request[Done]):
    """The score that a piped producer's streams have where they come in: none of its own is better."""

    row = "producer.setSourceScore"

    producer_id: str
    score: list[EncodingScore]
