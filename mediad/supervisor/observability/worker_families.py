"""The reports of workers as Prometheus metric families: pure functions.

A restarted worker counts from zero again; rate() and increase() handle that.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from mediad.metering.histogram import HistogramReport
from mediad.pipe.worker_stats import WorkerStats

Reports = Mapping[str, WorkerStats]
"""The answer of each worker to worker.stats, by worker id; workers that do not answer are missing."""

COUNTERS = {
    "datagrams_received": ("datagrams_received", "Datagrams of any kind received."),
    "datagrams_sent": ("datagrams_sent", "Datagrams of any kind sent."),
    "rtp_received": ("rtp_received", "RTP packets received and authenticated."),
    "rtp_forwarded": ("rtp_forwarded", "RTP packets sent to consumers, first time."),
    "rtx_sent": ("rtx_sent", "Packets sent again because a receiver asked."),
    "rtcp_received": ("rtcp_received", "RTCP packets received."),
    "rtcp_sent": ("rtcp_sent", "RTCP packets sent."),
    "nacks_sent": ("nacks_sent", "Packets asked for again from senders."),
    "keyframe_requests": ("keyframe_requests", "Key frames asked of senders."),
    "keyframes_replayed": ("keyframes_replayed", "Key frames served from memory instead."),
    "receive_batches": ("receive_batches", "Batches of datagrams received with one system call."),
    "send_batches": ("send_batches", "Batches of datagrams sent with one system call."),
    "send_messages": ("send_messages", "Messages in those; with UDP GSO one holds several datagrams."),
    "tcp_sends": ("tcp_sends", "System calls that sent packets over TCP."),
    "probation_sent": ("probation_sent", "Padding packets sent to probe for bandwidth."),
}
"""The metric name (without mediad_ and _total) and the meaning of each counter of a worker."""

OBJECTS = {
    "transports": "WebRTC transports open.",
    "producers": "Tracks that clients send.",
    "consumers": "Tracks that are forwarded, each to one client.",
}


def families(reports: Reports) -> Iterator[Metric]:
    """All metric families made from worker.stats."""
    for key, (name, doc) in COUNTERS.items():
        yield _counter(name, doc, reports, _of_counters(key))
    for name, doc in OBJECTS.items():
        yield _gauge(name, doc, reports, operator.attrgetter(name))
    for name in ("udp_gso", "udp_gro"):
        doc = f"Whether the kernel lends this worker {name.replace('_', ' ').upper()}."
        yield _gauge(name, doc, reports, operator.attrgetter(name))
    yield _labelled(
        CounterMetricFamily(
            "mediad_packets_dropped", "Datagrams and packets not passed on.", labels=("worker", "reason")
        ),
        reports,
        lambda report: report.dropped,
    )
    yield _labelled(
        GaugeMetricFamily(
            "mediad_packet_slots",
            "Places for packets in memory, by what is in them.",
            labels=("worker", "state"),
        ),
        reports,
        lambda report: report.packet_slots,
    )
    yield _labelled(
        GaugeMetricFamily(
            "mediad_media_ports",
            "Media ports for one transport each: of plain ones, pipes, and others that share none.",
            labels=("worker", "state"),
        ),
        reports,
        lambda report: report.ports,
    )
    doc = "Transports that were not made because no media port could be opened for them."
    yield _counter("port_refusals", doc, reports, operator.attrgetter("port_refusals"))
    for layer in ("ice", "dtls", "sctp"):
        name, doc = f"mediad_transports_by_{layer}_state", "WebRTC transports in each state."
        family = GaugeMetricFamily(name, doc, labels=("worker", "state"))
        yield _labelled(family, reports, operator.attrgetter(f"{layer}_states"))
    yield from _tcp(reports)
    yield from _data(reports)
    yield from _links(reports)


def _of_counters(key: str) -> Callable[[WorkerStats], float | None]:
    return lambda report: report.counters.get(key)


def lag_family(lags: Mapping[str, HistogramReport | None]) -> Metric:
    """Event loop lag by process, from the reports of LoopLag; None for a process without one."""
    family = HistogramMetricFamily(
        "mediad_loop_lag_seconds", "How late the process's event loop is.", labels=("process",)
    )
    for process, lag in lags.items():
        if lag is not None:
            _add(family, (process,), lag)
    return family


def _tcp(reports: Reports) -> Iterator[Metric]:
    """TCP connections of clients: those there now, and what became of others."""
    yield _gauge("tcp_connections", "TCP connections for media open.", reports, _open_connections)
    doc = "TCP connections for media accepted."
    yield _counter("tcp_connections_accepted", doc, reports, _of_counters("tcp_accepted"))
    for what, doc in (
        ("refused", "TCP connections for media refused, by reason."),
        ("closed", "TCP connections for media that ended, by reason."),
    ):
        name = f"mediad_tcp_connections_{what}"
        family = CounterMetricFamily(name, doc, labels=("worker", "reason"))
        yield _labelled(family, reports, functools.partial(_by_reason, f"tcp_{what}_"))


def _open_connections(report: WorkerStats) -> float | None:
    accepted = report.counters.get("tcp_accepted")
    return None if accepted is None else accepted - sum(_by_reason("tcp_closed_", report).values())


def _by_reason(prefix: str, report: WorkerStats) -> dict[str, int]:
    return {
        name.removeprefix(prefix): count for name, count in report.counters.items() if name.startswith(prefix)
    }


def _data(reports: Reports) -> Iterator[Metric]:
    """Data channels: what went through them, and what waits."""
    messages = CounterMetricFamily(
        "mediad_data_messages", "Messages of data channels.", labels=("worker", "direction")
    )
    size = CounterMetricFamily(
        "mediad_data_bytes", "Bytes of content in those.", labels=("worker", "direction")
    )
    associations = GaugeMetricFamily(
        "mediad_sctp_associations", "SCTP associations open.", labels=("worker",)
    )
    queued = GaugeMetricFamily(
        "mediad_data_queued_bytes", "Memory of messages that wait for slow clients.", labels=("worker",)
    )
    for worker_id, report in reports.items():
        if (data := report.data) is None:
            continue
        messages.add_metric((worker_id, "received"), data.messages_received)
        messages.add_metric((worker_id, "sent"), data.messages_sent)
        size.add_metric((worker_id, "received"), data.bytes_received)
        size.add_metric((worker_id, "sent"), data.bytes_sent)
        associations.add_metric((worker_id,), data.associations)
        queued.add_metric((worker_id,), data.queued_bytes)
    yield from (messages, size, associations, queued)


def _links(reports: Reports) -> Iterator[Metric]:
    """Bitrates, round trips and losses that workers sampled on their transports (worker/sampling.py)."""
    bitrate = GaugeMetricFamily(
        "mediad_bitrate_bps", "Of all transports together, in bit/s.", labels=("worker", "direction")
    )
    round_trip = HistogramMetricFamily(
        "mediad_round_trip_seconds", "Round trips to clients, looked at every 5 s.", labels=("worker",)
    )
    loss = HistogramMetricFamily(
        "mediad_loss_ratio",
        "Share of RTP packets lost on a transport, looked at every 5 s.",
        labels=("worker", "direction"),
    )
    for worker_id, report in reports.items():
        links = report.links
        if links is None:
            continue
        for direction, value in links.bitrates.items():
            bitrate.add_metric((worker_id, direction), value)
        _add(round_trip, (worker_id,), links.round_trip)
        _add(loss, (worker_id, "sent"), links.loss.sent)
        _add(loss, (worker_id, "received"), links.loss.received)
    yield from (bitrate, round_trip, loss)


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], report: HistogramReport) -> None:
    """Add a report of Histogram in Prometheus' form: each bucket also counts those below it."""
    counts = itertools.accumulate(report.buckets)
    family.add_metric(labels, list(zip([*map(str, report.bounds), "+Inf"], counts, strict=True)), report.sum)


def _counter(name: str, doc: str, reports: Reports, read: Callable[[WorkerStats], float | None]) -> Metric:
    family = CounterMetricFamily(f"mediad_{name}", doc, labels=("worker",))
    return _fill(family, reports, read)


def _gauge(name: str, doc: str, reports: Reports, read: Callable[[WorkerStats], float | None]) -> Metric:
    family = GaugeMetricFamily(f"mediad_{name}", doc, labels=("worker",))
    return _fill(family, reports, read)


def _fill(
    family: CounterMetricFamily | GaugeMetricFamily,
    reports: Reports,
    read: Callable[[WorkerStats], float | None],
) -> Metric:
    for worker_id, report in reports.items():
        value = read(report)
        if value is not None:
            family.add_metric((worker_id,), float(value))
    return family


def _labelled(
    family: CounterMetricFamily | GaugeMetricFamily,
    reports: Reports,
    read: Callable[[WorkerStats], Mapping[str, int]],
) -> Metric:
    """One series for each entry of the mapping that `read` finds."""
    for worker_id, report in reports.items():
        for label, value in read(report).items():
            family.add_metric((worker_id, label), float(value))
    return family
