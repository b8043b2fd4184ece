"""Fields that ends of pipe version 2 always send: older ends of this version read them unconditionally.

An upgrade replaces files below a running daemon, which then starts workers of the new version; a rollback
does the opposite. A default given to one of these fields would leave it out of messages.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.metering.histogram import HistogramReport
from mediad.pipe import (
    data_requests,
    events,
    requests,
    rtp,
    scores,
    throttle_requests,
    transport_requests,
    worker_requests,
)
from mediad.pipe.worker_stats import LinksReport, LossReport, WorkerStats
from mediad.protocols.envelope import PIPE_VERSION
from tests.support.pipe_strategies import messages

ALWAYS: dict[type[msgspec.Struct], str] = {
    # what a worker tells
    events.WorkerReady: "pid",
    events.WorkerFailed: "code reason",
    events.SpeakerChanged: "producerId",
    events.DominantSpeakerChanged: "producerId",
    events.Volume: "producerId dbov",
    events.IceStateChanged: "transportId iceState",
    events.DtlsStateChanged: "transportId dtlsState",
    events.SctpStateChanged: "transportId sctpState",
    events.TupleLearned: "transportId tuple",
    events.TransportFailed: "transportId reason",
    events.IncomingExceeded: "transportId bitrateBps limitBps",
    events.DownlinkChanged: "transportId desiredBitrate effectiveDesiredBitrate availableBitrate",
    events.ProducerScoreChanged: "producerId score",
    events.ProducerLayersWanted: "producerId spatialLayer",
    events.ConsumerScoreChanged: "consumerId score",
    events.ConsumerLayersChanged: "consumerId layers",
    events.DataProducerClosed: "dataProducerId reason",
    events.DataConsumerClosed: "dataConsumerId reason",
    events.DataMessage: "dataConsumerId number text",
    scores.EncodingScore: "encodingIdx ssrc score",
    scores.ConsumerScore: "score producerScore producerScores",
    scores.Layers: "spatialLayer temporalLayer",
    # what a worker answers
    requests.TransportCreated: "iceParameters iceCandidates dtlsParameters",
    requests.IceParameters: "usernameFragment password iceLite",
    requests.IceCandidate: "foundation priority ip address protocol port type",
    requests.ServerDtlsParameters: "role fingerprints",
    requests.DtlsFingerprint: "algorithm value",
    requests.TransportConnected: "dtlsLocalRole",
    requests.IceRestarted: "iceParameters",
    requests.Stats: "stats",
    requests.RouterStats: "transports",
    requests.ConsumersCreated: "consumers",
    requests.ConsumersResumed: "missing",
    transport_requests.TransportTuple: "localAddress localPort",
    transport_requests.SrtpParameters: "cryptoSuite keyBase64",
    transport_requests.PlainTransportCreated: "tuple",
    transport_requests.PlainTransportConnected: "tuple",
    transport_requests.PipeTransportCreated: "ip port",
    data_requests.SctpParameters: (
        "port OS MIS maxMessageSize maxSendMessageSize maxReceiveMessageSize sendBufferSize"
        " sctpBufferedAmount isDataChannel"
    ),
    data_requests.DataStats: "stats",
    data_requests.DataConsumersCreated: "consumers",
    requests.PreferredLayersSet: "preferredLayers",
    transport_requests.PipeConsumerCreated: "producerPaused score",
    WorkerStats: "rssBytes dropped counters packetSlots parked iceStates dtlsStates",
    LinksReport: "bitrates roundTrip loss",
    LossReport: "sent received",
    HistogramReport: "bounds buckets sum",
    # what a worker is asked
    worker_requests.Configure: (
        "announcedIp maxIncomingBitrateBps initialOutgoingBitrateBps iceConsentTimeoutS logLevel"
    ),
    requests.CreateRouter: "routerId",
    requests.CreateTransport: "routerId transportId",
    requests.ConnectTransport: "transportId dtlsParameters",
    requests.DtlsParameters: "fingerprints",
    transport_requests.CreatePlainTransport: "routerId transportId",
    transport_requests.ConnectPlainTransport: "transportId",
    transport_requests.CreatePipeTransport: "routerId transportId",
    transport_requests.ConnectPipeTransport: "transportId ip port",
    throttle_requests.ThrottleTransport: "transportId throttle",
    requests.CreateProducer: "transportId producerId kind rtpParameters rtpMapping",
    requests.Form: "producerId type rtpParameters",
    requests.NewConsumer: "consumerId transportId form ssrc",
    requests.CreateConsumers: "forms consumers",
    requests.ResumeConsumers: "consumerIds",
    requests.SetPreferredLayers: "consumerId spatialLayer",
    requests.SetPriority: "consumerId priority",
    transport_requests.CreatePipeConsumer: "transportId consumerId producerId rtpParameters",
    transport_requests.SetPipeLayer: "consumerId spatialLayer",
    transport_requests.SetSourceScore: "producerId score",
    data_requests.SctpStreamParameters: "streamId",
    data_requests.CreateDataProducer: "transportId dataProducerId sctpStreamParameters",
    data_requests.CreateDirectDataProducer: "routerId dataProducerId",
    data_requests.SendData: "dataProducerId text",
    data_requests.NewDataConsumer: "dataConsumerId transportId dataProducerId",
    data_requests.CreateDataConsumers: "consumers",
    data_requests.CreateDirectDataConsumer: "dataConsumerId dataProducerId maxMessageBytes",
    rtp.RtpParameters: "codecs",
    rtp.CodecParameters: "mimeType payloadType clockRate",
    rtp.Feedback: "type",
    rtp.Rtx: "ssrc",
    rtp.Extension: "uri id",
    rtp.MappedCodec: "payloadType mappedPayloadType",
    rtp.RtpMapping: "codecs",
}


@pytest.mark.parametrize("kind", ALWAYS, ids=lambda kind: kind.__name__)
@given(st.data())
def test_an_older_end_finds_what_it_reads(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    assert PIPE_VERSION == 2, "with another version an older end is not spoken to: begin the table anew"
    assert set(ALWAYS[kind].split()) <= set(msgspec.to_builtins(data.draw(messages(kind))))


def test_what_an_older_end_takes_the_absence_of_for_something_is_left_out() -> None:
    """An absent code says that a consumer was made, and a reason, also None, that there is one."""
    made = requests.ConsumerMade(scores.ConsumerScore(10, 10, [10]))
    assert set(msgspec.to_builtins(made)) == {"score"}
    refused = requests.ConsumerMade(code="state", reason="closed")
    assert set(msgspec.to_builtins(refused)) == {"code", "reason"}
    assert "reason" not in msgspec.to_builtins(events.IceStateChanged("t", "closed"))
    assert "reason" not in msgspec.to_builtins(events.DtlsStateChanged("t", "closed"))
