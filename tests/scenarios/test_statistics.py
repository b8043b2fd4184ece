"""Every number mediasoup's statistics have, after a call in which each link lost one packet in twenty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mediad._fastpath.door.media_loop import Kind
from mediad.worker.media.statistics import received_stream, sent_stream, transport
from tests.simulation import scenes
from tests.simulation.call import Call

LOSS, RTT_MS = 0.05, 60
COMMON = {"type", "timestamp", "ssrc", "rtxSsrc", "kind", "mimeType", "packetsLost", "fractionLost", "jitter"}
COMMON |= {"packetsDiscarded", "packetsRetransmitted", "packetsRepaired", "nackCount", "nackPacketCount"}
COMMON |= {"pliCount", "firCount", "score", "roundTripTime", "packetCount", "byteCount", "bitrate"}
RATES = {
    "bytesReceived": "recvBitrate",
    "bytesSent": "sendBitrate",
    "rtpBytesReceived": "rtpRecvBitrate",
    "rtpBytesSent": "rtpSendBitrate",
    "rtxBytesReceived": "rtxRecvBitrate",
    "rtxBytesSent": "rtxSendBitrate",
    "probationBytesSent": "probationSendBitrate",
}

Entry = dict[str, Any]


class Finished:
    """The statistics of a call's objects at its end, under the names clients read."""

    def __init__(self, call: Call) -> None:
        sender, receiver = call.senders[0], call.receivers[0]
        producer = sender.producers["video"][0]
        now_us = call.clock.now_us
        consumer = receiver.tracks[0].consumer
        self.sending = transport(call.worker.records(Kind.KIND_TRANSPORT, sender.transport.open())[0], now_us)
        self.receiving = transport(
            call.worker.records(Kind.KIND_TRANSPORT, receiver.transport.open())[0], now_us
        )
        self.produced = [
            received_stream(record, "video", "video/VP8", f"r{record['encoding']}", now_us)
            for record in call.worker.records(Kind.KIND_PRODUCER, producer.handle)
        ]
        (self.record,) = call.worker.records(Kind.KIND_CONSUMER, consumer.handle)
        self.consumed = sent_stream(self.record, "video", "video/VP8", now_us) | consumer.layer_stats()


@pytest.fixture(scope="module")
def finished() -> Iterator[Finished]:
    with Call() as call:
        source = scenes.sender(call, loss=LOSS, rtt_ms=RTT_MS)
        scenes.receiver(call, source, scenes.pair(1, rtt_ms=RTT_MS, loss=LOSS))
        call.run(12)
        yield Finished(call)


def test_all_fields_are_there(finished: Finished) -> None:
    for entry in finished.produced:
        assert COMMON | {"rid", "rtxPacketsDiscarded", "bitrateByLayer"} == set(entry)
    layers = {
        "playoutDelay",
        "currentLayers",
        "targetLayers",
        "preferredLayers",
        "bestLayers",
        "layersReason",
    }
    assert COMMON | layers == set(finished.consumed)
    known = {"timestamp", "rtpPacketLossReceived", *RATES, *RATES.values()}
    assert known == set(finished.sending)
    known = {"timestamp", "rtpPacketLossSent", "availableOutgoingBitrate", *RATES, *RATES.values()}
    assert known == set(finished.receiving)


def test_a_sending_client_is_heard_and_told_little(finished: Finished) -> None:
    stats = finished.sending
    assert stats["rtpBytesReceived"] + stats["rtxBytesReceived"] < stats["bytesReceived"]
    assert 0 < stats["rtxBytesReceived"] < 0.15 * stats["rtpBytesReceived"]
    assert stats["rtpBytesSent"] == stats["rtxBytesSent"] == stats["probationBytesSent"] == 0
    assert 0 < stats["bytesSent"] < 0.1 * stats["bytesReceived"]
    assert 0 <= stats["rtpPacketLossReceived"] < 0.3, "what was repaired in time is not lost"


def test_a_receiving_client_gets_much_and_says_little(finished: Finished) -> None:
    stats = finished.receiving
    assert stats["rtpBytesReceived"] == stats["rtxBytesReceived"] == 0
    assert 0 < stats["bytesReceived"] < 0.1 * stats["bytesSent"]
    parts = stats["rtpBytesSent"] + stats["rtxBytesSent"] + stats["probationBytesSent"]
    assert 0.95 * stats["bytesSent"] < parts < stats["bytesSent"], "the rest is RTCP"
    assert 0 < stats["rtxBytesSent"] < 0.15 * stats["rtpBytesSent"]
    assert stats["probationBytesSent"] > 0
    assert 0 < stats["rtpPacketLossSent"] < 0.3
    assert stats["availableOutgoingBitrate"] > 100_000


def test_bitrates_are_those_of_the_last_second(finished: Finished) -> None:
    for stats in (finished.sending, finished.receiving):
        for total, rate in RATES.items():
            assert 0 <= stats[rate] <= 8 * stats[total]
    assert finished.sending["rtpRecvBitrate"] == pytest.approx(
        sum(entry["bitrate"] for entry in finished.produced), rel=0.2
    ), "beside the microphone"
    for entry in finished.produced:
        rates = [entry["bitrateByLayer"][f"0.{temporal}"] for temporal in range(3)]
        assert rates == sorted(rates)
        assert rates[-1] == pytest.approx(entry["bitrate"], rel=0.01)


def test_losses_are_counted_and_repaired(finished: Finished) -> None:
    assert len({entry["ssrc"] for entry in finished.produced}) == 3
    for entry in finished.produced:
        expected = entry["packetCount"] + entry["packetsLost"]
        assert 0.01 * expected < entry["packetsRepaired"] < 0.12 * expected
        assert entry["packetsLost"] < 0.03 * expected, "nearly all were repaired"
        assert entry["nackPacketCount"] >= entry["packetsRepaired"]
        assert 0 < entry["nackCount"] <= entry["nackPacketCount"]
        assert entry["packetsRetransmitted"] >= entry["packetsRepaired"]
        assert 0 < entry["score"] <= 10
        assert entry["pliCount"] >= 0 == entry["firCount"]
    assert sum(entry["pliCount"] for entry in finished.produced) > 0


def test_what_a_receiver_reports_is_passed_on(finished: Finished) -> None:
    entry = finished.consumed
    assert entry["type"] == "outbound-rtp"
    assert 0 < entry["packetsRepaired"] <= entry["packetsRetransmitted"]
    assert entry["packetsRetransmitted"] < 0.15 * entry["packetCount"]
    assert 0 < entry["nackCount"] <= entry["nackPacketCount"]
    assert entry["byteCount"] > 100 * entry["packetCount"]
    assert 0 < entry["score"] <= 10
    assert 0 <= entry["fractionLost"] <= 255
    assert entry["jitter"] < 90_000 / 10, "in RTP units: a tenth of a second"


def test_round_trips_are_those_of_the_links(finished: Finished) -> None:
    for entry in (*finished.produced, finished.consumed):
        assert RTT_MS <= entry["roundTripTime"] < RTT_MS + 60


def test_layers_are_those_sent(finished: Finished) -> None:
    assert finished.consumed["currentLayers"]["spatialLayer"] == finished.record["encoding"]
    assert finished.consumed["preferredLayers"] == {"spatialLayer": 2, "temporalLayer": 2}
