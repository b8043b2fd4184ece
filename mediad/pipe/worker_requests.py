"""Requests of the supervisor to a worker about the process itself; `mediad.worker.server` answers."""

from __future__ import annotations

from typing import Literal

from mediad.pipe.messages import Done, Request
from mediad.pipe.worker_stats import WorkerStats

LogLevel = Literal["debug", "info", "warning", "error", "none"]


class Ping(Request[Done]):
    """A question whether the worker and its media thread are well."""

    row = "worker.ping"


class GetWorkerStats(Request[WorkerStats]):
    """A question for all that the worker counts."""

    row = "worker.stats"


class TrimMemory(Request[Done]):
    """Give memory that nothing uses back to the system."""

    row = "worker.trim"


class Configure(Request[Done]):
    """The settings that may change while a worker runs, all of them."""

    row = "worker.configure"

    announced_ip: str | None
    """The first of `announced`: all that an older worker knows."""
    max_incoming_bitrate_bps: int
    initial_outgoing_bitrate_bps: int
    ice_consent_timeout_s: int
    log_level: LogLevel
    announced: tuple[tuple[str, ...], ...] = ()
    """The addresses that clients are told, for each address of listen_ip; empty from an older daemon."""
    audio_level_interval_ms: int = 800
    audio_level_threshold_dbov: int = -80
    log_addresses: str = "full"
    plain_source_allow: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
