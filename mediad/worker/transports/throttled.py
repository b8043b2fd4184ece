"""Throttled sends: the STUN and DTLS of one transport on their way over an emulated network."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mediad.clock import Clock, Timer
from mediad.pipe.throttle_requests import UNLIMITED_KBPS, NetworkThrottle
from mediad.protocols.ice_paths import Path
from mediad.worker.policy.emulated_link import EmulatedLink, LinkSettings

HELD_DATAGRAMS = 256
"""The datagrams of one transport that are on their way at most; further ones are lost."""

Send = Callable[[Path, bytes], None]


class Network(NamedTuple):
    """An emulated network between a client and this side."""

    uplink: LinkSettings
    downlink: LinkSettings

    @classmethod
    def of(cls, throttle: NetworkThrottle) -> Network:
        """Return the network that was asked for."""
        return cls(_link(throttle.uplink_kbps, throttle), _link(throttle.downlink_kbps, throttle))


class ThrottledSends:
    """A queue before `send`; `lost` counts what it loses."""

    def __init__(self, clock: Clock, send: Send, settings: LinkSettings) -> None:
        self.lost = 0
        self._clock = clock
        self._send = send
        self._link = EmulatedLink(settings)
        self._held: deque[tuple[int, Path, bytes]] = deque()
        self._timer: Timer | None = None

    def set(self, settings: LinkSettings) -> None:
        """Use other settings for what is sent from now on."""
        self._link.settings = settings

    def send(self, path: Path, data: bytes) -> None:
        """Send a datagram when it has passed the link, unless it is lost."""
        now_us = self._clock.now_us()
        due_us = self._link.send(len(data), now_us, random.random())
        if due_us is None or len(self._held) == HELD_DATAGRAMS:
            self.lost += 1
        elif due_us <= now_us and not self._held:
            self._send(path, data)
        else:
            self._held.append((due_us, path, data))
            self._arm()

    def stop(self) -> None:
        """Lose what is on its way."""
        self.lost += len(self._held)
        self._held.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is None and self._held:
            self._timer = self._clock.call_at(self._held[0][0], self._on_due)

    def _on_due(self) -> None:
        self._timer = None
        while self._held and self._held[0][0] <= self._clock.now_us():
            _, path, data = self._held.popleft()
            self._send(path, data)
        self._arm()


def _link(kbps: float, throttle: NetworkThrottle) -> LinkSettings:
    return LinkSettings(
        rate_bps=round(kbps * 1000) if kbps < UNLIMITED_KBPS else 0,
        delay_us=round(throttle.rtt_ms * 1000 / 2),
        loss_ppm=round(throttle.packet_loss_percent * 10_000),
    )
