"""The operators' view of this node, put together: feed, counters, /metrics, webhooks."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.rooms.registry import RoomRegistry
from mediad.secret_files import exposure
from mediad.supervisor.observability.call_book import CallBook
from mediad.supervisor.observability.metrics import Metrics
from mediad.supervisor.observability.node_book import NodeBook
from mediad.supervisor.observability.recording_book import RecordingBook
from mediad.supervisor.observability.refusal_book import RefusalBook
from mediad.supervisor.observability.show_book import ShowBook
from mediad.supervisor.observability.status import Status
from mediad.supervisor.observability.token_families import TokenFamilies
from mediad.supervisor.workers.draining import Drains
from mediad.supervisor.workers.pool import WorkerPool
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments
from mediad.telemetry.outbox import Outbox
from mediad.telemetry.webhooks import Webhooks
from mediad.tokens.gate import Gate

logger = logging.getLogger(__name__)


class Observability:
    """Feed, counters, /metrics and webhooks.

    Made before pool and rooms, and connected to them by `attach`.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        """Read the webhooks' secret. Raises ConfigError when it cannot be read."""
        _secret(settings)
        self.feed = Feed()
        self._settings = settings
        self._environ = environ
        self._numbers = CollectorRegistry()
        self._instruments = Instruments(self._numbers)
        self.call_book = CallBook(self.feed, self._instruments)
        """The observer of the registry of rooms."""
        self.recording_book = RecordingBook(self.feed, self._instruments)
        """The observer of recordings."""
        self.show_book = ShowBook(self.feed, self._instruments)
        """The observer of rooms that are shown over HLS."""
        self.refusal_book = RefusalBook(self.feed, self._instruments)
        """The one that is told of refusals because of limits."""
        self._webhooks: Webhooks | None = None

    def attach(self, status: Status, pool: WorkerPool, rooms: RoomRegistry, drains: Drains) -> None:
        pool.observer = drains.observer = NodeBook(self.feed, self._instruments)
        self.metrics = Metrics(self._numbers, self._settings, status, pool, rooms, self.feed)

    def watch_certificate(self, ends_s: Callable[[], float]) -> None:
        """Show the end of the front's certificate: `ends_s`, in Unix time."""
        expiry = Gauge(
            "mediad_tls_certificate_expiry_timestamp_seconds",
            "When the front's certificate ends, in Unix time.",
            registry=self._numbers,
        )
        expiry.set_function(ends_s)

    def watch_tokens(self, gate: Gate) -> None:
        """Show what becomes of tokens at `gate`."""
        self._numbers.register(TokenFamilies(gate))

    async def start(self) -> None:
        """Start /metrics and webhooks.

        Raises ConfigError as the constructor does: the file may have changed.
        """
        commit = await self.prepare(self._settings)
        self.metrics.lag.start()
        lost = self._instruments.webhook_events_lost
        outbox = Outbox(outbox_path(self._settings, self._environ), on_lost=lost.inc)
        self._instruments.webhook_outbox_depth.set_function(lambda: len(outbox))
        posts = self._instruments.webhook_posts
        self._webhooks = Webhooks(outbox, lambda result: posts.labels(result).inc())
        commit()
        self.feed.subscribe(self._webhooks.put)
        await self._webhooks.start()

    async def prepare(self, settings: Settings) -> Callable[[], str | None]:
        """Read what new settings need, and return the function that applies them. Raises ConfigError."""
        secret = await asyncio.to_thread(_secret, settings)
        allowed = tuple(map(ipaddress.ip_network, settings.webhook_allow))

        def commit() -> str | None:
            if self._webhooks is None:
                return None
            if not self._webhooks.configure(settings.webhook_url, secret, allowed=allowed):
                return None
            if settings.webhook_url is not None and secret is None:
                logger.warning(
                    "webhooks are not signed, so receivers cannot tell who sent them: set webhook_secret_file"
                )
            return "webhooks"

        return commit

    async def stop(self) -> None:
        """Stop, after the last event was published."""
        self.metrics.lag.stop()
        self.refusal_book.stop()
        if self._webhooks is not None:
            await self._webhooks.stop()


def outbox_path(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """The file of undelivered events; None for no file. systemd sets $STATE_DIRECTORY."""
    if settings.webhook_outbox is not None or settings.webhook_url is None:
        return settings.webhook_outbox
    directory = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return f"{directory}/webhook-outbox" if directory else None


def _secret(settings: Settings) -> bytes | None:
    path = settings.webhook_secret_file
    if path is None:
        return None
    try:
        secret = Path(path).read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"webhook_secret_file: {path} cannot be read: {error.strerror}") from None
    if (problem := exposure(path)) is not None:
        raise ConfigError(f"webhook_secret_file: got {path!r}, and {problem}")
    if not secret:
        raise ConfigError(f"webhook_secret_file: {path} is empty")
    return secret
