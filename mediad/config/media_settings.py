"""The settings of media: workers, addresses, ports, codecs and bandwidth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediad.config.key import key_field
from mediad.config.kinds import AnnouncedHosts, Choice, Codecs, IpAddresses, Networks, Whole, Workers
from mediad.config.limit_settings import LimitSettings


@dataclass(frozen=True, slots=True)
class MediaSettings(LimitSettings):
    """The media of one daemon."""

    workers: int | None = key_field(
        None,
        Workers(),
        'number of worker processes; "auto" is one for each usable core',
        "MEDIASOUP_WORKER_COUNT",
        example="auto",
    )
    listen_ip: tuple[str, ...] = key_field(
        ("127.0.0.1",),
        IpAddresses(),
        "addresses media is received on, best first; :: alone takes IPv4 too, beside an IPv4 address it does "
        "not",
        "WEBRTC_LISTEN_IP",
        "MEDIASOUP_LISTEN_IP",
    )
    announced_ip: tuple[str, ...] | None = key_field(
        None,
        AnnouncedHosts(),
        "addresses browsers are told to send media to, best first: those outside of a NAT and those inside, "
        "for example; a name is looked up at the start and at each reload; an address of listen_ip that none "
        "belongs to is told as it is",
        "ANNOUNCED_IP",
        "MEDIASOUP_ANNOUNCED_IP",
        live=True,
        example=["203.0.113.7", "10.0.0.5"],
    )
    port_mode: str = key_field(
        "shared",
        Choice("shared", "per-transport"),
        "which of its ports a worker uses: the first for all its WebRTC transports, or another one for each, "
        "which costs system calls and descriptors, for networks whose rules want one client a port",
    )
    rtc_base_port: int = key_field(
        10000,
        Whole(1, 65535),
        "first media port (UDP and TCP); worker i owns the 1000 ports from rtc_base_port + i * 1000",
        "MEDIASOUP_MIN_PORT",
    )
    rtc_tcp_connections_per_address: int = key_field(
        1024, Whole(0, 8192), "most TCP media connections of one address (IPv6: /64) to a worker; 0 is no TCP"
    )
    rtc_max_port: int = key_field(65535, Whole(1, 65535), "last port media may use", "MEDIASOUP_MAX_PORT")
    plain_target_allow: tuple[str, ...] | None = key_field(
        None,
        Networks(),
        "networks beside the public internet that clients may have media sent to from plain transports; "
        "unset, the loopback network while host is in it",
        live=True,
        example=["10.0.0.0/8"],
    )
    media_codecs: tuple[dict[str, Any], ...] | None = key_field(
        None,
        Codecs(),
        "codecs every room offers, as RTP codec capabilities; unset, the built-in list",
        example=[{"kind": "audio", "mimeType": "audio/opus", "clockRate": 48000, "channels": 2}],
    )
    max_incoming_bitrate_bps: int = key_field(
        0,
        Whole(0, 10**10),
        "most a client may send on one transport, in bit/s; 0 is no limit; holds for new transports",
        live=True,
    )
    initial_outgoing_bitrate_bps: int = key_field(
        600_000,
        Whole(30_000, 10**10),
        "what a client is first believed able to receive, in bit/s; holds for new transports",
        live=True,
    )
    ice_consent_timeout_s: int = key_field(
        20,
        Whole(10, 60, or_zero=True),
        "seconds without a valid STUN request or media until a client counts as gone; 0 is never; holds "
        "for new transports",
        live=True,
    )
    audio_level_interval_ms: int = key_field(
        800,
        Whole(300, 5000),
        "milliseconds over which audio levels are averaged; afterwards clients are told who speaks",
        live=True,
    )
    audio_level_threshold_dbov: int = key_field(
        -80,
        Whole(-127, 0),
        "mean audio level, in dBov, below which a client does not speak",
        live=True,
    )
    udp_buffer_bytes: int = key_field(
        4 * 1024 * 1024,
        Whole(65_536, 2**30),
        "receive and send buffer asked of the kernel for each media socket",
    )
    plain_source_allow: tuple[str, ...] = key_field(
        ("127.0.0.0/8", "::1/128"),
        Networks(),
        "networks from which the first packet in the clear may tell a plain transport where its client is "
        "(comedia); anybody there can send such a packet, so name only networks that you trust; a packet of "
        "SRTP is authentic, and may come from anywhere",
        live=True,
    )
