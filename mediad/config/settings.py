"""The settings of mediad: default, meaning and kind of each, and whether a reload applies it.

Those of the front, of media and of rooms stand in files of their own beside this one. `load.py` reads
their values; `sample.py` writes a file with all of them for people to edit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import msgspec

from mediad.config.key import Key, key_field
from mediad.config.kinds import (
    AccountName,
    Choice,
    FilePath,
    HttpUrl,
    Networks,
    Number,
    SocketPath,
    Whole,
)
from mediad.config.listen import ListenInfo, is_loopback, own_address
from mediad.config.room_settings import RoomSettings
from mediad.errors import ConfigError

PORTS_PER_WORKER = 1000
"""The ports of a worker: worker i owns this many from rtc_base_port + i * PORTS_PER_WORKER."""

USED_BY_WORKERS = 0.8
"""The part of the memory that workers share; the rest is for the supervisor, recorders and the kernel."""

LEAST_WORKER_MEMORY_BYTES = 2**28
"""The least share of a worker: with less, one would take no rooms from the start."""

LOG_ADDRESSES = ("full", "truncated", "none")
LOG_LEVELS = ("debug", "info", "warning", "error", "none")


@dataclass(frozen=True, slots=True)
class Settings(RoomSettings):
    """The settings of one daemon. The defaults serve 127.0.0.1 only."""

    worker_memory_max_bytes: int | None = key_field(
        None,
        Whole(2**27, 2**50, or_zero=True),
        "most memory (resident) of a worker: near it nothing new is let in, above it the largest rooms go, "
        "and after a minute the worker is replaced; unset, its share of four fifths of what mediad may use; "
        "0 is no limit",
        live=True,
        example=2**30,
    )
    user: str | None = key_field(
        None,
        AccountName(),
        "user that mediad becomes once its ports are open, when it is started as root; unset, it stays root",
        example="mediad",
    )
    group: str | None = key_field(
        None, AccountName(), "group that it has then; unset, that of the user", example="mediad"
    )
    admin_group: str | None = key_field(
        None,
        AccountName(),
        "group whose members may use mediactl, beside root and the daemon's own user",
        example="mediad-operators",
    )
    confinement: str = key_field(
        "on",
        Choice("on", "off"),
        "on: workers and recorders give up files, system calls and connections that they do not need; off is "
        "for debuggers and profilers, or a kernel that cannot",
    )
    worker_start_timeout_s: float = key_field(
        10.0, Number(0.1, 300), "seconds a worker has to become ready", live=True
    )
    worker_ping_interval_s: float = key_field(1.0, Number(0.05, 60), "seconds between two pings of a worker")
    worker_ping_timeout_s: float = key_field(
        5.0, Number(0.1, 300), "seconds without an answer after which a worker is killed and replaced"
    )
    shutdown_grace_s: float = key_field(
        0.0,
        Number(0, 86_400),
        "seconds rooms may go on after SIGTERM, in which no new room opens; 0 ends them at once",
        live=True,
    )
    admin_socket: str | None = key_field(
        None,
        SocketPath(),
        "Unix socket for mediactl; unset, mediad.sock in $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR or /run/mediad",
        example="/run/mediad/mediad.sock",
    )
    log_level: str = key_field(
        "info",
        Choice(*LOG_LEVELS, synonyms={"warn": "warning", "critical": "error"}),
        "least important line to log",
        "LOG_LEVEL",
        "MEDIASOUP_LOG_LEVEL",
        live=True,
    )
    log_addresses: str = key_field(
        "full",
        Choice(*LOG_ADDRESSES),
        "addresses of clients in the log, events and webhooks: full, truncated (IPv4 /24, IPv6 /48) or none",
        live=True,
    )
    log_format: str = key_field(
        "auto",
        Choice("auto", "text", "json", "journal"),
        "a line of text or a JSON object an event, or fields for journald; auto is journal or text",
    )

    webhook_url: str | None = key_field(
        None,
        HttpUrl(),
        "where joins, leaves and other events are posted as JSON; unset, nowhere",
        live=True,
        example="https://app.example.com/mediad-events",
    )
    webhook_allow: tuple[str, ...] = key_field(
        (),
        Networks(),
        "networks beside the public internet that webhook_url may lead to; loopback may be where the URL "
        "itself says so (http://localhost:8080/)",
        live=True,
        example=["10.0.0.0/8"],
    )
    webhook_secret_file: str | None = key_field(
        None,
        FilePath(),
        "file with the key webhooks are signed with; unset, they are not signed",
        live=True,
        example="/etc/mediad/webhook-secret",
    )
    webhook_outbox: str | None = key_field(
        None,
        FilePath(),
        "file for events not delivered yet, so that they outlive a restart; unset, webhook-outbox in "
        "$STATE_DIRECTORY, or memory alone",
        example="/var/lib/mediad/webhook-outbox",
    )

    announced: tuple[ListenInfo, ...] = ()
    """The addresses that `announced_ip` had when the settings were read; no setting of its own."""

    @property
    def listen_infos(self) -> tuple[ListenInfo, ...]:
        """Each address of `listen_ip` with those that browsers are told in its place."""
        return self.announced or tuple(map(own_address, self.listen_ip))

    @property
    def candidate_ips(self) -> tuple[str, ...]:
        """The addresses in ICE candidates."""
        return tuple(address for info in self.listen_infos for address in info.announced)

    @property
    def own_addresses(self) -> frozenset[str]:
        """The addresses of this server, as it listens and as it is announced."""
        return frozenset({self.host, *self.listen_ip, *self.candidate_ips})

    def plain_targets(self, host: str) -> tuple[str, ...]:
        """The networks of `plain_target_allow`; unset, those of loopback while `host` is there too."""
        if self.plain_target_allow is not None:
            return self.plain_target_allow
        return ("127.0.0.0/8", "::1/128") if is_loopback(host) else ()

    def worker_count(self) -> int:
        """The number of workers to run; "auto" is never more than the media ports suffice for."""
        if self.workers is not None:
            return self.workers
        return max(1, min(len(os.sched_getaffinity(0)), self.port_ranges()))

    def worker_memory_limit(self, total_bytes: int) -> int:
        """The most memory of a worker where mediad may use `total_bytes` in all; 0 is no limit."""
        if self.worker_memory_max_bytes is not None:
            return self.worker_memory_max_bytes
        share = round(total_bytes * USED_BY_WORKERS) // self.worker_count()
        return max(share, LEAST_WORKER_MEMORY_BYTES) if total_bytes else 0

    def worker_settings(self, worker_id: int) -> WorkerSettings:
        """The settings of worker `worker_id` (0 …)."""
        first = self.rtc_base_port + worker_id * PORTS_PER_WORKER
        return WorkerSettings(
            worker_id=worker_id,
            listen_infos=self.listen_infos,
            port_mode=self.port_mode,
            rtc_first_port=first,
            rtc_last_port=min(first + PORTS_PER_WORKER - 1, self.rtc_max_port),
            max_incoming_bitrate_bps=self.max_incoming_bitrate_bps,
            initial_outgoing_bitrate_bps=self.initial_outgoing_bitrate_bps,
            ice_consent_timeout_s=self.ice_consent_timeout_s,
            audio_level_interval_ms=self.audio_level_interval_ms,
            audio_level_threshold_dbov=self.audio_level_threshold_dbov,
            udp_buffer_bytes=self.udp_buffer_bytes,
            plain_source_allow=self.plain_source_allow,
            rtc_tcp_connections_per_address=self.rtc_tcp_connections_per_address,
            log_level=self.log_level,
            log_format=self.log_format,
            confinement=self.confinement,
            log_addresses=self.log_addresses,
        )

    def port_ranges(self) -> int:
        """The number of workers whose shared port is not above rtc_max_port."""
        return (self.rtc_max_port - self.rtc_base_port) // PORTS_PER_WORKER + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """The settings that a transport gets when it is made, and keeps."""

    max_incoming_bitrate_bps: int
    initial_outgoing_bitrate_bps: int
    ice_consent_timeout_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings(TransportOptions):
    """The settings of one worker process, passed to it as JSON on its command line.

    Those of transports are among them. Defaults are those of `Settings`.
    """

    worker_id: int
    listen_infos: tuple[ListenInfo, ...]
    port_mode: str
    rtc_first_port: int
    """The first of the worker's ports; with the `port_mode` "shared" all WebRTC transports have this one."""
    rtc_last_port: int
    audio_level_interval_ms: int
    audio_level_threshold_dbov: int
    udp_buffer_bytes: int
    plain_source_allow: tuple[str, ...]
    rtc_tcp_connections_per_address: int
    log_level: str
    log_format: str
    confinement: str
    log_addresses: str

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The addresses of this server, as it listens and as it is announced."""
        return tuple(ip for info in self.listen_infos for ip in (info.ip, *info.announced))

    @property
    def media_ports(self) -> range:
        """The ports of its WebRTC transports: one that they share, or one for each."""
        last = self.rtc_first_port if self.port_mode == "shared" else self.rtc_last_port
        return range(self.rtc_first_port, last + 1)

    @property
    def ports(self) -> range:
        """All its ports, whatever they are for."""
        return range(self.rtc_first_port, self.rtc_last_port + 1)

    @property
    def plain_ports(self) -> range:
        """The ports for one transport each: of plain ones, of pipes, and of WebRTC ones that share none."""
        return self.ports[1:] if self.port_mode == "shared" else self.ports

    @property
    def own_ports(self) -> int | None:
        """The number of ports for transports, each its own; None where they share one."""
        return None if self.port_mode == "shared" else len(self.media_ports)

    def to_json(self) -> str:
        """The settings as JSON, with the first addresses also as an older worker knows them."""
        first = self.listen_infos[0]
        older = {"listen_ip": first.ip, "announced_ip": first.announced[0]}
        return msgspec.json.encode(msgspec.to_builtins(self) | older).decode()

    @staticmethod
    def from_json(text: str) -> WorkerSettings:
        """The settings in `text`, which `to_json` wrote. Raises ConfigError for anything else.

        A daemon that was started before an upgrade does not know the newest settings: they are the defaults.
        """
        defaults = {f.name: DEFAULTS[f.name] for f in fields(WorkerSettings) if f.name in DEFAULTS}
        try:
            given = msgspec.json.decode(text, type=dict[str, Any])
            if "listen_infos" not in given and "listen_ip" in given:
                announced = [given.get("announced_ip") or given["listen_ip"]]
                given["listen_infos"] = [{"ip": given["listen_ip"], "announced": announced}]
            return msgspec.convert(defaults | given, WorkerSettings)
        except msgspec.DecodeError as error:
            raise ConfigError(f"worker settings: {error}") from None


_KEY_FIELDS = [f for f in fields(Settings) if f.metadata]
KEYS: dict[str, Key] = {f.name: cast(Key, f.metadata["key"]) for f in _KEY_FIELDS}
DEFAULTS: dict[str, Any] = {f.name: f.default for f in _KEY_FIELDS}


def admin_socket_candidates(environ: Mapping[str, str]) -> list[str]:
    """The possible paths of the admin socket when no setting names one, best first."""
    directories = [
        environ.get("RUNTIME_DIRECTORY", "").split(":")[0],
        environ.get("XDG_RUNTIME_DIR", ""),
        "/run/mediad",
    ]
    return [f"{directory}/mediad.sock" for directory in directories if directory]
