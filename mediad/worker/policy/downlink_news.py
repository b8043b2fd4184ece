"""Downlink news: the times at which a client is told of its bandwidth, at once after a large change."""

from __future__ import annotations

from dataclasses import dataclass

_INTERVAL_US = 1_000_000
_FALL, _RISE = 0.75, 1.5  # of the bitrate told last: a change that is told at once


@dataclass(frozen=True, slots=True)
class DownlinkReport:
    """The bandwidth towards one client, all in bit/s."""

    desired_bps: int  # the need of everything wanted, at its best
    effective_desired_bps: int  # the goal of probing: the same with headroom
    available_bps: int  # the estimate


class DownlinkNews:
    """The choice of the time to tell a report."""

    def __init__(self) -> None:
        self._told: DownlinkReport | None = None
        self._told_us = 0

    def is_news(self, report: DownlinkReport, now_us: int) -> bool:
        """Return True when the report shall be told now; it then counts as told."""
        told = self._told
        if told is not None:
            if report == told:
                return False
            available_bps = report.available_bps
            jump = available_bps <= _FALL * told.available_bps or available_bps >= _RISE * told.available_bps
            if not jump and now_us < self._told_us + _INTERVAL_US:
                return False
        self._told, self._told_us = report, now_us
        return True
