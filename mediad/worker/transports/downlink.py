"""Downlink: the bandwidth towards one client, divided among its consumers, probed for and told.

The rules are in `worker/policy`; the times at which they are applied are here.
"""

from __future__ import annotations

from collections.abc import Callable

from mediad.clock import Clock, Timer
from mediad.worker.policy.bandwidth import REVIEW_US, Bandwidth
from mediad.worker.policy.downlink_news import DownlinkNews, DownlinkReport
from mediad.worker.transports.review_plan import ReviewPlan


class Downlink:
    """The shell around one transport's `Bandwidth`.

    `probe_for(bitrate_bps)` sets the most to probe for; `tell(report)` sends a report to the client.
    """

    def __init__(
        self, clock: Clock, probe_for: Callable[[int], None], tell: Callable[[DownlinkReport], None]
    ) -> None:
        self.available_bps = 0
        """The last estimate in bit/s; 0: none yet."""
        self.bandwidth = Bandwidth(lambda patient: self._claims.ask(patient=patient))
        self._claims = ReviewPlan(self.bandwidth.review, clock)
        self._clock = clock
        self._probe_for = probe_for
        self._tell = tell
        self._desired_bps = 0
        self._news = DownlinkNews()
        self._review: Timer | None = None

    def estimated(self, available_bps: int, queue_us: int) -> None:
        """Divide a new estimate; `queue_us`: the time that packets wait on the link to the client."""
        self.available_bps = available_bps
        self.bandwidth.estimate_changed(available_bps, self._clock.now_us(), queue_us=queue_us)
        self._tell_desired()
        self._plan_review()

    def close(self) -> None:
        """Cancel every division that is planned."""
        self._claims.cancel()
        self._cancel_review()

    def _plan_review(self) -> None:
        """Plan the next division, needed every REVIEW_US while there is an estimate: bitrates change."""
        self._cancel_review()
        if self.bandwidth.is_limited:
            self._review = self._clock.call_at(self._clock.now_us() + REVIEW_US, self._on_review)

    def _cancel_review(self) -> None:
        if self._review is not None:
            self._review.cancel()
            self._review = None

    def _on_review(self) -> None:
        self._review = None
        self.bandwidth.review(self._clock.now_us())
        self._tell_desired()
        self._plan_review()

    def _tell_desired(self) -> None:
        best_bps, desired_bps = self.bandwidth.demand_bps()
        if desired_bps != self._desired_bps:
            self._desired_bps = desired_bps
            self._probe_for(desired_bps)
        report = DownlinkReport(best_bps, desired_bps, self.available_bps)
        if self._news.is_news(report, self._clock.now_us()):
            self._tell(report)
