"""The doctor's questions to the daemon: the settings in force, and facts that only its own process knows."""

from __future__ import annotations

import os
import resource
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mediad import __version__
from mediad.budgets.catalogue import RATES
from mediad.config.live import LiveSettings
from mediad.config.load import secret_origins
from mediad.config.settings import Settings
from mediad.supervisor.admin.doctor_door import open_doors
from mediad.supervisor.admin.methods import Table
from mediad.supervisor.observability.status import Status
from mediad.supervisor.recording.recordings import Recordings

SETTINGS = (
    *("host", "port", "tls_certificate", "tls_private_key"),
    *("listen_ip", "announced_ip", "announced", "port_mode"),
    *("rtc_base_port", "rtc_max_port", "udp_buffer_bytes"),
    *("shutdown_grace_s", "recording_dir", "webhook_secret_file"),
    *("cors_origins", "max_connections_per_address", "worker_memory_max_bytes", "log_level"),
    *("plain_target_allow", "plain_source_allow", "trusted_proxies", "log_addresses"),
    *("token_require_exp", "max_peers_per_room", *(str(rate.setting) for rate in RATES.values())),
    *("open", "jwt_public_keys", "jwt_jwks"),
)
"""The settings that the doctor judges. Secrets are not among them."""


def table(live: LiveSettings, status: Status, recordings: Recordings) -> Table:
    """The methods, by name."""

    async def doctor(data: dict[str, Any]) -> dict[str, Any]:
        health = status.health()
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return {
            "version": __version__,
            "pid": os.getpid(),
            "url": status.url,
            "status": health["status"],
            "problems": health["problems"],
            **status.workers(),
            "reports": msgspec.to_builtins(await status.worker_reports()),
            "recording": await recordings.readiness(),
            "fdLimit": soft,
            "openFds": len(os.listdir("/proc/self/fd")),
            "settings": _settings(live.settings, status.url),
            "secretOrigins": secret_origins(live.settings, live.origins),
            "settingsProblems": await live.problems(),
            "settingsWaiting": sorted(live.waiting),
            "tokensNeeded": live.settings.needs_tokens,
        }

    async def doors(data: dict[str, Any]) -> dict[str, Any]:
        return {"doors": await open_doors(status.links())}

    return {"doctor": doctor, "doctor.doors": doors}


def _settings(now: Settings, url: str | None) -> dict[str, Any]:
    """The settings of SETTINGS, with the numbers that "auto" and "any free port" stand for."""
    found: dict[str, Any] = {name: getattr(now, name) for name in SETTINGS}
    port = urlsplit(url).port if url is not None else None
    return {**found, "workers": now.worker_count(), "port": port or now.port}
