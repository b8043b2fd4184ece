"""The documentation for operators agrees with a node: metrics, events, dashboard, alert rules."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from mediad.config.settings import Settings
from mediad.pipe.worker_stats import WorkerStats
from mediad.supervisor.observability.call_book import CallBook
from mediad.supervisor.observability.metrics import Metrics
from mediad.supervisor.observability.recording_book import RecordingBook
from mediad.supervisor.observability.refusal_book import RefusalBook
from mediad.supervisor.observability.show_book import ShowBook
from mediad.supervisor.observability.status import Status
from mediad.supervisor.observability.token_families import TokenFamilies
from mediad.supervisor.observability.worker_families import COUNTERS, OBJECTS
from mediad.supervisor.workers.link import WorkerLink
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.process import WorkerProcess
from mediad.supervisor.workers.worker import Worker
from mediad.telemetry.feed import TYPES, Feed
from mediad.telemetry.instruments import Instruments
from mediad.tokens.gate import Gate
from tests.support.calls import Call

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "observability.md").read_text()
ALERTS = (ROOT / "docs" / "alerts.yml").read_text()
DASHBOARD = json.loads((ROOT / "docs" / "grafana-dashboard.json").read_text())

ONLY_WITH_TLS = {"mediad_tls_certificate_expiry_timestamp_seconds"}
SUFFIXES = ("_bucket", "_sum", "_count")

HISTOGRAM = {"bounds": [0.05, 0.1], "buckets": [1, 0, 0], "sum": 0.01}
REPORT: dict[str, Any] = {
    "counters": dict.fromkeys((*COUNTERS, "tcp_accepted", "tcp_closed_silent", "tcp_refused_full"), 1),
    **dict.fromkeys(OBJECTS, 1),
    "udpGso": True,
    "udpGro": True,
    "dropped": {"pool_empty": 1},
    "packetSlots": {"total": 1},
    "ports": {"used": 1, "free": 2},
    "portRefusals": 1,
    "iceStates": {"completed": 1},
    "dtlsStates": {"connected": 1},
    "sctpStates": {"connected": 1},
    "data": {
        "associations": 1,
        "messagesReceived": 1,
        "bytesReceived": 1,
        "messagesSent": 1,
        "bytesSent": 1,
        "queuedBytes": 1,
    },
    "loopLag": HISTOGRAM,
    "links": {
        "bitrates": {"sent": 1},
        "roundTrip": HISTOGRAM,
        "loss": {"sent": HISTOGRAM, "received": HISTOGRAM},
    },
    "misfits": {"request": 1},
    "log": {"lines": {"info": 1}, "leftOut": {"rate": 0}},
}

NO_METRICS = {"rssBytes", "udpBufferBytes", "parked"}
"""Figures that `mediactl stats` shows alone."""


class Process:
    pid = 1
    link = WorkerLink(0, lambda event: None, lambda reason: None)


class Pool:
    memory_limit_bytes = 2**30

    def __init__(self) -> None:
        self.workers = [Worker(0, process=cast(WorkerProcess, Process()))]


class FixedStatus:
    settings = Settings(max_rooms=10)

    def health(self) -> dict[str, Any]:
        return {"status": "ok"}

    async def worker_reports(self) -> dict[str, WorkerStats]:
        return {"0": msgspec.convert(REPORT, WorkerStats)}


def shown() -> str:
    """/metrics of a node on which everything there is to count has happened."""

    async def scrape() -> bytes:
        numbers, feed = CollectorRegistry(), Feed()
        instruments = Instruments(numbers)
        instruments.worker_deaths.labels(0, "killed").inc()
        RecordingBook(feed, instruments)
        ShowBook(feed, instruments)
        RefusalBook(feed, instruments)
        call = Call(observer=CallBook(feed, instruments))
        status, pool = cast(Status, FixedStatus()), cast(WorkerPool, Pool())
        numbers.register(TokenFamilies(Gate()))
        metrics = Metrics(numbers, Settings(workers=1), status, pool, call.registry, feed)
        return (await metrics.scrape(""))[0]

    return asyncio.run(scrape()).decode()


SHOWN = shown()
SAMPLES = {sample.name for family in text_string_to_metric_families(SHOWN) for sample in family.samples}
LABELS: dict[str, set[str]] = {}
for _family in text_string_to_metric_families(SHOWN):
    for _sample in _family.samples:
        LABELS.setdefault(_sample.name, set()).update(_sample.labels)


def named(text: str) -> set[str]:
    return set(re.findall(r"\bmediad_[a-z_]+", text)) - ONLY_WITH_TLS


def expressions() -> Iterator[str]:
    """Every query of the dashboard and the alert rules."""
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    for found in re.findall(r"^        expr: (?:\|\n((?:          .*\n)+)|(.*)\n)", ALERTS, re.MULTILINE):
        yield "".join(found)


def without_suffix(name: str) -> str:
    return next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)


def test_the_report_has_every_figure_of_a_worker() -> None:
    """Metrics made from what is missing here would not be compared with the guide."""
    figures = {field.encode_name for field in msgspec.structs.fields(WorkerStats)}
    assert figures - set(REPORT) - NO_METRICS == set()


def test_every_metric_is_in_the_guide_and_the_other_way_round() -> None:
    here = {without_suffix(name) for name in SAMPLES if name.startswith("mediad_")}
    assert named(GUIDE) == here


def test_the_queries_ask_for_what_there_is() -> None:
    assert len(list(expressions())) > 60
    missing = {name for expression in expressions() for name in named(expression)} - SAMPLES
    assert missing == set()


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_the_queries_choose_by_labels_there_are(expression: str) -> None:
    assert expression.count("(") == expression.count(")")
    for name, selector in re.findall(r"\b(mediad_[a-z_]+)\{([^}]*)\}", expression):
        asked = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selector)) - {"instance", "job"}
        assert name in ONLY_WITH_TLS or asked <= LABELS[name], name


def test_quantiles_are_of_histograms() -> None:
    for expression in expressions():
        if "histogram_quantile" in expression:
            assert all(name.endswith("_bucket") for name in named(expression)), expression
            assert re.search(r"by \([^)]*\ble\b", expression), expression


def test_the_loss_the_queries_ask_for_is_a_bound() -> None:
    """`le` must be spelled as we spell it."""
    from mediad.worker.sampling import LOSS_BOUNDS

    assert 'le="0.05"' in ALERTS
    assert "0.05" in map(str, LOSS_BOUNDS)


def test_every_alert_says_what_and_what_to_do() -> None:
    rules = ALERTS.split("- alert: ")[1:]
    assert len(rules) >= 15
    for rule in rules:
        assert re.match(r"Mediad\w+\n", rule)
        for part in ("expr: ", "labels: {severity: ", "summary: ", "action: "):
            assert part in rule, rule
    names = [rule.split("\n")[0] for rule in rules]
    assert len(set(names)) == len(names)


def test_the_dashboard_is_one_grafana_can_import() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["targets"]
    taken = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)  # no two panels lie on each other


def test_every_type_of_event_is_in_the_guide() -> None:
    rows = [line.split("|")[1] for line in GUIDE.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+\.\w+)`", row)}
    assert told == set(TYPES)
