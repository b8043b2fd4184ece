"""One video producer and many consumers, set up by the engine's own commands, as the worker would."""

from __future__ import annotations

from typing import Any

from pylibsrtp import Policy, Session

from mediad._fastpath.wire.srtp import session_pointer
from tests.bench import video

PROFILES = {
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    "AES_CM_128_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
}

GENERATION = 1 << 20
VP8 = 2
RTX_PAYLOAD_TYPE = video.PAYLOAD_TYPE + 1
ROUTER_PAYLOAD_TYPE, ROUTER_RTX_PAYLOAD_TYPE = 101, 102
EXTENSIONS = {0: video.MID_ID, 3: video.ABS_SEND_TIME_ID, 4: video.TRANSPORT_CC_ID}  # by ExtensionKind


def inbound(profile: str, key: bytes) -> Session:
    return _session(profile, key, Policy.SSRC_ANY_INBOUND)


def outbound(profile: str, key: bytes) -> Session:
    return _session(profile, key, Policy.SSRC_ANY_OUTBOUND)


def _session(profile: str, key: bytes, direction: int) -> Session:
    return Session(Policy(key=key, ssrc_type=direction, srtp_profile=PROFILES[profile][0]))


def key_of(profile: str) -> bytes:
    return bytes(range(PROFILES[profile][1]))


class Scene:
    """`engine` is a MediaLoop or an EngineWindow. Keeps the SRTP sessions that it lent to it."""

    def __init__(self, engine: Any, *, source_port: int, sink_ports: list[int], profile: str | None) -> None:
        self._engine = engine
        self._profile = profile
        self._lent: list[Session] = []
        self._transport(GENERATION, source_port)
        self._producer()
        for index, port in enumerate(sink_ports, 1):
            self._transport(GENERATION | index, port)
            self._consumer(index)

    def _lend(self, session: Session) -> int:
        self._lent.append(session)
        return int(session_pointer(session))

    def _transport(self, handle: int, port: int) -> None:
        engine = self._engine
        engine.open_transport(
            handle,
            username_fragment=b"fragment%d" % handle,
            ice_password=b"password",
            rtcp_ssrc=handle,
            secure=self._profile is not None,
            max_incoming_bitrate_bps=0,
            initial_outgoing_bitrate_bps=600_000,
        )
        engine.add_address(handle, 0, "127.0.0.1", port)
        engine.select_address(handle, 0, "127.0.0.1", port)
        if self._profile:
            key = key_of(self._profile)
            engine.set_keys(
                handle,
                receive_session=self._lend(inbound(self._profile, key)),
                rtcp_session=self._lend(outbound(self._profile, key)),
            )

    def _producer(self) -> None:
        self._engine.open_producer(
            GENERATION,
            GENERATION,
            video=True,
            mid=video.MID,
            paused=False,
            codecs=[(video.PAYLOAD_TYPE, RTX_PAYLOAD_TYPE, ROUTER_PAYLOAD_TYPE, VP8, video.CLOCK_RATE)],
            encodings=[(video.SSRC, video.SSRC + 1, b"")],
            extensions=EXTENSIONS,
            nack=True,
            pli=True,
            fir=True,
            transport_cc=True,
            remb=False,
            inactivity_us=2_000_000,
            levels=False,
        )

    def _consumer(self, index: int) -> None:
        handle = GENERATION | index - 1
        self._engine.open_consumer(
            handle,
            GENERATION | index,
            GENERATION,
            video=True,
            ssrc=1000 + index,
            rtx_ssrc=2000 + index,
            codecs=[(ROUTER_PAYLOAD_TYPE, ROUTER_RTX_PAYLOAD_TYPE)],
            clock_rate=video.CLOCK_RATE,
            mid=b"%d" % index,
            cname=b"producer",
            extensions=EXTENSIONS,
            nack=True,
            ignore_dtx=False,
            paused=False,
            target=0,
            first_sequence_number=100 * index,
            first_timestamp=100_000 * index,
            first_rtx_sequence_number=7 * index,
        )
        key = key_of(self._profile) if self._profile else b""
        self._engine.set_consumer_sessions(
            handle,
            rtp_session=self._lend(outbound(self._profile, key)) if self._profile else 0,
            rtx_session=self._lend(outbound(self._profile, key)) if self._profile else 0,
        )
