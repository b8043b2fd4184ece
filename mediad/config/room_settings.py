"""The settings of rooms: how much is in them, and what may be done with them."""

from __future__ import annotations

from dataclasses import dataclass

from mediad.config.key import key_field
from mediad.config.kinds import Choice, FilePath, RoomSpread, Secret, Whole
from mediad.config.media_settings import MediaSettings


@dataclass(frozen=True, slots=True)
class RoomSettings(MediaSettings):
    """The rooms of one daemon."""

    max_consumer_replicas: int = key_field(
        0,
        Whole(0, 16),
        "most extra copies of each track that a client may ask for, for load tests (consumerReplicas)",
        live=True,
    )
    max_transports_per_peer: int = key_field(
        16, Whole(1, 1000), "most WebRTC transports of one peer; apps use two", live=True
    )
    max_producers_per_peer: int = key_field(
        64, Whole(1, 1000), "most tracks one peer may send at the same time", live=True
    )
    token_expiry: str = key_field(
        "ignore",
        Choice("ignore", "enforce"),
        "what a token's end means for a call that it began: nothing (ignore), or the end of the call, for "
        "which its client needs a new token (enforce)",
        live=True,
    )
    broadcaster_timeout_s: int = key_field(
        60,
        Whole(1, 86_400, or_zero=True),
        "seconds without a packet after which a broadcaster is removed; 0 is never",
        live=True,
    )
    room_spread: int | str = key_field(
        "off",
        RoomSpread(),
        "workers that one room may be on: off is one, auto is as many as its load needs; for newcomers, and "
        "for rooms without a wish of their own",
        live=True,
    )
    spread_cpu_percent: int = key_field(
        70,
        Whole(5, 1000),
        "percent of a core that a worker uses from which newcomers to rooms of auto spread go to another one",
        live=True,
    )
    spread_consumers: int = key_field(
        600,
        Whole(1, 65_536),
        "consumers on a worker from which they do so, because CPU shows a crowd that comes at once too late",
        live=True,
    )
    network_throttle_secret: str | None = key_field(
        None,
        Secret(),
        "what clients must send to have a bad network emulated between them and the server, for tests of "
        "apps; unset, nobody may",
        "NETWORK_THROTTLE_SECRET",
        live=True,
        secret=True,
        example="the output of: openssl rand -base64 32",
    )
    recording_dir: str | None = key_field(
        None,
        FilePath(),
        "directory that recordings are written to; unset, recordings in $STATE_DIRECTORY, or there are none",
        live=True,
        example="/srv/recordings",
    )
    recording_format: str = key_field(
        "mkv",
        Choice("mkv", "mp4", "webm"),
        "container of recordings that ask for none; a file whose codecs it cannot hold is mkv",
        live=True,
    )
    recording_min_free_bytes: int = key_field(
        2**30,
        Whole(0, 2**50),
        "bytes that stay free on the disk: with less no recording begins, and those under way end",
        live=True,
    )
    max_recordings: int = key_field(
        8, Whole(0, 1000), "most recordings at the same time, each a process; 0 allows none", live=True
    )
    max_shows: int = key_field(
        8,
        Whole(0, 1000),
        "most rooms shown over HLS at the same time, each a process; 0 allows none",
        live=True,
    )
    hls_dir: str | None = key_field(
        None,
        FilePath(),
        "directory that HLS segments are kept in, best in memory; unset, $RUNTIME_DIRECTORY, "
        "$XDG_RUNTIME_DIR or /dev/shm",
        live=True,
        example="/run/mediad",
    )
    hls_max_bytes: int = key_field(
        2**26,
        Whole(2**20, 2**40),
        "most bytes of the HLS segments of one room; with more, old ones are withdrawn earlier",
        live=True,
    )
