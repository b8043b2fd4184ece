"""Counters and histograms that events of the node move. Gauges are read at scrape time instead.

No label holds an id that clients choose: each has a handful of values, all known in the source.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

JOIN_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STAY_BUCKETS_S = (1, 10, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
PEER_BUCKETS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)


class Instruments:
    """The instruments, in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # They would be one more series for each, which nobody looks at.
        disable_created_metrics()  # type: ignore[no-untyped-call]

        def counter(name: str, doc: str, *labels: str) -> Counter:
            return Counter(f"mediad_{name}", doc, labels, registry=registry)

        def histogram(name: str, doc: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"mediad_{name}", doc, labels, buckets=buckets, registry=registry)

        self.rooms_opened = counter("rooms_opened", "Rooms opened.")
        self.rooms_closed = counter("rooms_closed", "Rooms closed, by cause.", "cause")
        self.branches_opened = counter("branches_opened", "Rooms that came to be on one more worker.")
        self.branches_closed = counter(
            "branches_closed", "Rooms that ceased to be on one of their workers, by cause.", "cause"
        )
        self.room_duration_s = histogram("room_duration_seconds", "Life of a room.", STAY_BUCKETS_S)
        self.room_peak_peers = histogram("room_peak_peers", "Most members a room had.", PEER_BUCKETS)
        self.joins = counter("peer_joins", "Peers that became members of a call.")
        self.leaves = counter("peer_leaves", "Members that left, by cause.", "cause")
        self.session_s = histogram("peer_session_seconds", "From a peer's join to its leave.", STAY_BUCKETS_S)
        self.joins_overdue = counter("joins_overdue", "Clients let go because they did not join in time.")
        self.share_refusals = counter(
            "share_refusals",
            "What was not given because a table of a worker, or a holder's share of it, is used up.",
            "table",
            "holder",
        )
        self.grant_refusals = counter(
            "grant_refusals", "What peers were refused because their token does not allow it.", "grant"
        )
        self.rejects = counter("rejects", "Clients that were not let in, by reason.", "reason")
        self.refusals = counter("refusals", "Refusals because of a limit, by its name.", "reason")
        self.join_phase_s = histogram(
            "join_phase_seconds", "Time each step of a join takes.", JOIN_BUCKETS_S, "phase"
        )
        self.join_abandoned = counter(
            "join_abandoned", "Transports closed before they had a path (ice) or keys (dtls).", "phase"
        )
        self.ice_states = counter("ice_states", "ICE states transports went into.", "state")
        self.dtls_states = counter("dtls_states", "DTLS states transports went into.", "state")
        self.sctp_states = counter("sctp_states", "SCTP states transports went into.", "state")
        self.plain_states = counter("plain_states", "States plain transports went into.", "state")
        self.bot_replies_dropped = counter(
            "bot_replies_dropped", "Replies a room's bot did not give, as a peer had caused too many."
        )
        self.worker_deaths = counter(
            "worker_deaths", "Worker processes that died, by cause.", "worker", "cause"
        )
        self._recording_instruments(registry)
        self.webhook_posts = counter("webhook_posts", "Webhook requests, by how they ended.", "result")
        for result in ("ok", "refused", "failed"):
            self.webhook_posts.labels(result)
        self.webhook_outbox_depth = Gauge(
            "mediad_webhook_outbox_depth", "Events that wait to be delivered.", registry=registry
        )
        self.webhook_events_lost = counter("webhook_events_lost", "Events dropped because too many waited.")

    def _recording_instruments(self, registry: CollectorRegistry) -> None:
        def counter(name: str, doc: str, *labels: str) -> Counter:
            return Counter(f"mediad_{name}", doc, labels, registry=registry)

        self.recordings_ended = counter("recordings_ended", "Recordings that ended, by cause.", "cause")
        self.recordings_refused = counter("recordings_refused", "Recordings that could not begin.")
        self.recorded_bytes = counter("recorded_bytes", "Bytes of files that recordings have finished.")
        self.recorder_restarts = counter("recorder_restarts", "Recorder processes that were replaced.")
        self.shows_ended = counter(
            "shows_ended", "Rooms that were shown over HLS, by cause of the end.", "cause"
        )
        self.shows = Gauge("mediad_shows", "Rooms shown over HLS.", registry=registry)
        self.recordings = Gauge("mediad_recordings", "Recordings under way.", registry=registry)
        self.recording_bitrate = Gauge(
            "mediad_recording_bitrate_bps", "Bits a second that recordings receive.", registry=registry
        )
